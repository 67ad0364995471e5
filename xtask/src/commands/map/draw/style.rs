//! How classes look: a colour and, where a colour alone would be too few, a pattern over it.
//!
//! The colours are those of Okabe and Ito, made to be told apart by readers with any kind of colour vision; patterns
//! tell those apart that share one. Names stand beside every region, so nothing is said by colour alone.

use std::fmt::Write as _;

use crate::commands::map::class::Class;
use crate::svg::Sheet;

/// What lies over a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    Plain,
    Rising,
    Falling,
    Crossed,
    Dotted,
}

/// A class's colour on light, on dark, and its pattern.
pub(super) const fn look(class: Class) -> (&'static str, &'static str, Pattern) {
    match class {
        Class::Free => ("#009e73", "#1fb58b", Pattern::Plain),
        Class::Temporary => ("#009e73", "#1fb58b", Pattern::Dotted),
        Class::Image => ("#0072b2", "#3f9ddc", Pattern::Plain),
        Class::Tables => ("#d55e00", "#f07b2c", Pattern::Plain),
        Class::Books => ("#e3c800", "#f0e442", Pattern::Plain),
        Class::Pools => ("#cc79a7", "#dd8fba", Pattern::Plain),
        Class::Stacks => ("#7a5195", "#ac85c8", Pattern::Plain),
        Class::Processors => ("#7a5195", "#ac85c8", Pattern::Rising),
        Class::Devices => ("#56b4e9", "#7cc8f2", Pattern::Rising),
        Class::Firmware => ("#e69f00", "#f2b632", Pattern::Falling),
        Class::SetAside => ("#cc79a7", "#dd8fba", Pattern::Crossed),
        Class::Reserved => ("#8c959f", "#8c959f", Pattern::Falling),
        Class::Bad => ("#d55e00", "#f07b2c", Pattern::Crossed),
        Class::Other => ("#8c959f", "#8c959f", Pattern::Plain),
    }
}

impl Pattern {
    /// The name of what fills with it; none for a plain one.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Rising => Some("rising"),
            Self::Falling => Some("falling"),
            Self::Crossed => Some("crossed"),
            Self::Dotted => Some("dotted"),
        }
    }
}

/// The patterns, to stand once in a document.
pub(super) const PATTERNS: &str = r#"<defs>
<pattern id="rising" width="5" height="5" patternUnits="userSpaceOnUse"><path class="ink" d="M-1,1l2,-2M0,5l5,-5M4,6l2,-2"/></pattern>
<pattern id="falling" width="5" height="5" patternUnits="userSpaceOnUse"><path class="ink" d="M-1,4l2,2M0,0l5,5M4,-1l2,2"/></pattern>
<pattern id="crossed" width="5" height="5" patternUnits="userSpaceOnUse"><path class="ink" d="M0,5l5,-5M0,0l5,5"/></pattern>
<pattern id="dotted" width="4" height="4" patternUnits="userSpaceOnUse"><circle class="dot" cx="2" cy="2" r="1"/></pattern>
</defs>
"#;

const SHAPES: &str = "\
.head { font-size: 20px; font-weight: 600; } .title { font-size: 16px; } .small { font-size: 11px; }
.mono { font: 11px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; } .name { font-weight: 500; }
.nothing { font-size: 10.5px; font-style: italic; } .link { fill-opacity: .16; } .tint { fill-opacity: .15; }
.line { stroke-width: 1; fill: none; } .ink { stroke-width: 1; fill: none; }
.region:hover .tint { fill-opacity: .4; }
";

/// Returns the rules for each scheme.
pub(super) fn sheet<R>(with: impl FnOnce(&Sheet<'_>) -> R) -> R {
    let [light, dark] = [Tone::Light, Tone::Dark].map(rules);
    with(&Sheet { shapes: SHAPES, light: &light, dark: &dark })
}

#[derive(Debug, Clone, Copy)]
enum Tone {
    Light,
    Dark,
}

fn rules(tone: Tone) -> String {
    let mut rules = match tone {
        Tone::Light => {
            "text.faint { fill: #59636e; } .bar { fill: #f0f2f4; } .lens { fill: #8c959f; } .line { stroke: #8c959f; }\n\
             .ink, .link { stroke: #ffffff; } .dot { fill: #ffffff; }\n"
        }
        Tone::Dark => {
            "text.faint { fill: #9198a1; } .bar { fill: #1c2128; } .lens { fill: #9198a1; } .line { stroke: #6e7681; }\n\
             .ink, .link { stroke: #0d1117; } .dot { fill: #0d1117; }\n"
        }
    }
    .to_owned();
    for class in Class::ALL {
        let (light, dark, _) = look(class);
        let colour = match tone {
            Tone::Light => light,
            Tone::Dark => dark,
        };
        let _ = writeln!(rules, ".{} {{ fill: {colour}; }}", class.key());
    }
    rules
}
