//! Enums that are lists: each variant has a text, and maybe a number, which stands once, beside it.

/// Declares an enum without fields whose variants each have a text, in the order in which lists show them.
///
/// The head says what the method is called that returns the text. Besides it the enum gets `ALL`, its variants in that
/// order, and a [`Display`](core::fmt::Display) that prints the text.
///
/// ```
/// xtcore::named! {
///     /// Where a lift is.
///     #[derive(Clone, Copy, PartialEq, Debug)]
///     enum Floor => name {
///         /// Below the ground.
///         Cellar => "cellar",
///         /// With the door to the street.
///         Ground => "ground floor",
///     }
/// }
///
/// assert_eq!(Floor::ALL, [Floor::Cellar, Floor::Ground]);
/// assert_eq!(Floor::Cellar.name(), "cellar");
/// assert_eq!(Floor::Ground.to_string(), "ground floor");
/// ```
#[macro_export]
macro_rules! named {
    (
        $(#[$about:meta])*
        $visible:vis enum $type:ident => $name:ident {
            $($(#[$doc:meta])* $variant:ident $(= $number:literal)? => $text:literal,)+
        }
    ) => {
        $(#[$about])*
        $visible enum $type {
            $($(#[$doc])* $variant $(= $number)?,)+
        }

        impl $type {
            /// All of them, in their order.
            $visible const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            /// Returns the text that stands for it.
            #[must_use]
            $visible const fn $name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl ::core::fmt::Display for $type {
            fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                out.write_str(self.$name())
            }
        }
    };
}

/// Declares an enum as [`named!`] does, whose variants have numbers as well: those of a format, which `from_number` reads.
///
/// ```
/// xtcore::numbered! {
///     /// What a switch does.
///     #[derive(Clone, Copy, PartialEq, Debug)]
///     enum Command => name {
///         /// Lets no current through.
///         Open = 4 => "open",
///         /// Lets it through.
///         Close = 7 => "close",
///     }
/// }
///
/// assert_eq!(Command::from_number(7), Some(Command::Close));
/// assert_eq!(Command::from_number(5), None);
/// ```
#[macro_export]
macro_rules! numbered {
    (
        $(#[$about:meta])*
        $visible:vis enum $type:ident => $name:ident {
            $($(#[$doc:meta])* $variant:ident = $number:literal => $text:literal,)+
        }
    ) => {
        $crate::named! {
            $(#[$about])*
            $visible enum $type => $name {
                $($(#[$doc])* $variant = $number => $text,)+
            }
        }

        impl $type {
            /// Returns the one with that number, or `None` when there is none.
            #[must_use]
            $visible const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
