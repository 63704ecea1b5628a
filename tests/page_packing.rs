//! What of the page travels: the part of the build script that is more than copying.

#[path = "../src/pack/comments.rs"]
mod comments;

use comments::without_comment_lines;

#[test]
fn lines_of_comment_become_empty_and_all_else_stays() {
    let source = "// what it is\nimport a from \"./a.js\"; // why\n\n/** One line. */\nlet b = \"/* text */\";\n\
                  \u{20}  /*\n    * Several\n    */\n  b();\n// the end\n";
    let kept = "\nimport a from \"./a.js\"; // why\n\n\nlet b = \"/* text */\";\n\n\n\n  b();\n\n";
    assert_eq!(without_comment_lines(source), kept);
    assert_eq!(without_comment_lines(kept), kept);
}

#[test]
fn code_behind_a_comment_stays() {
    for (source, kept) in [
        ("/* a */ b();\n", " b();\n"),
        ("/**/ c()", " c()\n"),
        ("/*/ a\n*/ b()\n", "\n b()\n"),
        ("a();\n*/\n", "a();\n*/\n"),
    ] {
        assert_eq!(without_comment_lines(source), kept, "{source:?}");
    }
}
