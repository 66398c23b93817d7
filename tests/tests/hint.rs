//! What plain `cargo test` says of the black-box tests, which it does not run. It is a program, not a test.

#[expect(clippy::print_stdout, reason = "a sentence on standard output is what this program is for")]
fn main() {
    println!(
        "\nThe black-box tests are not among these, for they need a store and the built functions: `cargo xtask test` runs them.\n"
    );
}
