//! What people read of a broken file: the file's name (left out here), line, section and key.

use super::faults;

#[test]
fn what_stands_outside_a_section_and_what_a_system_lacks() {
    assert_eq!(
        faults("x=1\n!\n[A]\n"),
        [
            "error: line 1, key x: it stands before the first [section]",
            "error: line 2: \"!\" is no comment, [section] or key=value",
            "error: section [A], key SystemType: it must be given, and the section lacks it",
            "error: section [A], key SystemPath: it must be given, and the section lacks it",
        ]
    );
}

#[test]
fn settings_that_are_none() {
    assert_eq!(
        faults(
            "[XTLDR]\nDefault=B\nTimeout=-1\nKeepLastBoot=maybe\nDebug=COM5;SCREEN\nColour=red\nTimeout=3\n"
        ),
        [
            "warning: line 6, section [XTLDR], key Colour: nobody knows it, it is ignored",
            "error: line 7, section [XTLDR], key Timeout: line 3 has given it already, and counts",
            "error: line 5, section [XTLDR], key Debug: \"COM5\" is none of COM1 to COM4, COM0:0xADDRESS (each \
             with ,baud if wanted) and SCREEN",
            "error: line 4, section [XTLDR], key KeepLastBoot: \"maybe\" is neither YES, ON, TRUE, ENABLED nor \
             NO, OFF, FALSE, DISABLED",
            "error: line 3, section [XTLDR], key Timeout: \"-1\" is no number of seconds",
            "error: line 2, section [XTLDR], key Default: there is no system's section [B]",
            "error: configuration \\EFI\\BOOT\\XTLDR\\XTLDR.INI: no section describes a system to boot",
        ]
    );
}

#[test]
fn values_of_a_system_that_are_none() {
    assert_eq!(
        faults(
            "[A]\nSystemType=XTOS\nSystemPath=XTOS\nKernelFile=A\\B.EXE\nInitrdFile=/R\nKernelSha256=abc\n"
        ),
        [
            "error: line 3, section [A], key SystemPath: the path has \"XTOS\" where a folder (\\NAME), multi(0) \
             or ramdisk(n) should stand",
            "error: line 4, section [A], key KernelFile: \"A\\B.EXE\" is no file name: it has no folder in it",
            "error: line 5, section [A], key InitrdFile: \"/R\" is no file name: it has no folder in it",
            "error: line 6, section [A], key KernelSha256: \"abc\" is no SHA-256, which has 64 hexadecimal \
             digits",
        ]
    );
}

#[test]
fn repetitions_with_the_line_that_counts() {
    assert_eq!(
        faults("[A]\nSystemType=X\nSystemPath=\\\nsystemtype=Y\n[xtldr]\n[XTLDR]\n"),
        [
            "error: line 4, section [A], key systemtype: line 2 has given it already, and counts",
            "error: line 6, section [XTLDR]: line 5 has begun a section of that name already, and that one \
             counts",
        ]
    );
}
