//! `sandpool new`: a project to start from, made of the files in `templates/`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::{NewArgs, escape, stdout};

/// The files, and the templates that they are made from. A manifest in `templates/` is not called
/// `Cargo.toml`: cargo would take its folder for another package, and leave it out of this one.
const FILES: [(&str, &str); 8] = [
    (".gitignore", include_str!("../templates/gitignore")),
    ("Cargo.toml", include_str!("../templates/manifest.toml")),
    ("README.md", include_str!("../templates/README.md")),
    (
        "host/Cargo.toml",
        include_str!("../templates/host/manifest.toml"),
    ),
    (
        "host/src/main.rs",
        include_str!("../templates/host/main.rs"),
    ),
    (
        "tasks/Cargo.toml",
        include_str!("../templates/tasks/manifest.toml"),
    ),
    (
        "tasks/build.rs",
        include_str!("../templates/tasks/build.rs"),
    ),
    (
        "tasks/src/lib.rs",
        include_str!("../templates/tasks/lib.rs"),
    ),
];

/// The packages of sandpool that a project depends on, and their folders in a checkout.
const PACKAGES: [(&str, &str); 3] = [
    ("sandpool", "host"),
    ("sandpool-build", "guest/build"),
    ("sandpool-guest", "guest"),
];

pub(crate) fn run(args: &NewArgs) -> anyhow::Result<()> {
    let checkout = checkout(args.sandpool_path.as_deref())?;
    let mut values = vec![("name", args.name.clone())];
    for (package, folder) in PACKAGES {
        values.push((package, dependency(checkout.as_deref(), folder)?));
    }

    let root = Path::new(&args.name);
    fs::create_dir(root).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow::anyhow!(
            "{}: there is such a file or folder already, and nothing of it was changed",
            args.name
        ),
        _ => anyhow::Error::new(error).context(format!("{}: no folder can be made", args.name)),
    })?;
    for (file, template) in FILES {
        let path = root.join(file);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, fill_in(template, &values)));
        written.with_context(|| format!("{}: the file cannot be written", path.display()))?;
    }

    let name = &args.name;
    let mut said = format!(
        "made {name}/
  tasks/  the package {name}-tasks: functions that run in sandboxed processes
  host/   the package {name}: the program that runs them
"
    );
    if let Some(checkout) = checkout {
        let checkout = escape::line(&checkout.display().to_string());
        said += &format!("It depends on the sandpool in {checkout}.\n");
    }
    said += &format!("\nnow type\n  cd {name}\n  cargo run\n  cargo test\n");
    stdout::print(&said)
}

/// Checks the name of a project, which becomes the name of a package, a program and a folder.
pub(crate) fn name(name: &str) -> Result<String, String> {
    const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn else enum extern false \
         final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct \
         super trait true try type typeof unsafe unsized use virtual where while yield ";
    const LIBRARIES: &str = " alloc core proc_macro std test ";
    /// The build's own folders, among which a program cannot lie.
    const FOLDERS: &str = " build deps examples incremental ";
    const DEPENDENCIES: &str =
        " anyhow sandpool sandpool_abi sandpool_build sandpool_guest sandpool_macros serde ";

    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if let Some(other) = name.chars().find(|c| !is_allowed(*c)) {
        let other = escape::line(&other.to_string());
        return Err(format!(
            "`{other}` cannot be in the name of a package: letters, digits, `-` and `_` can"
        ));
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err("the name of a package begins with a letter".to_owned());
    }
    let identifier = name.replace('-', "_").to_ascii_lowercase();
    let is_in = |list: &str| list.contains(&format!(" {identifier} "));
    if is_in(KEYWORDS) {
        return Err("that is a keyword of Rust".to_owned());
    }
    if is_in(LIBRARIES) {
        return Err("that is the name of a library of Rust".to_owned());
    }
    if is_in(FOLDERS) {
        return Err("cargo has a folder of that name where the program would be".to_owned());
    }
    if is_in(DEPENDENCIES) {
        return Err("that is the name of a package that the project needs".to_owned());
    }
    Ok(name.to_owned())
}

/// Returns the checkout to depend on: the one that was asked for, or the one that this command was
/// built from if it is still there.
fn checkout(asked_for: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let is_checkout = |dir: &Path| {
        let has = |folder| dir.join(folder).join("Cargo.toml").is_file();
        PACKAGES.iter().all(|(_, folder)| has(folder))
    };
    let Some(dir) = asked_for else {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        return Ok(own.filter(|dir| is_checkout(dir)).map(Path::to_owned));
    };
    if !is_checkout(dir) {
        bail!(
            "{}: that is no checkout of sandpool, which would have a host/Cargo.toml",
            dir.display()
        );
    }
    let dir = dir
        .canonicalize()
        .with_context(|| format!("{}: the folder cannot be found", dir.display()))?;
    Ok(Some(dir))
}

/// Returns what stands behind `package =` in a manifest.
fn dependency(checkout: Option<&Path>, folder: &str) -> anyhow::Result<String> {
    let Some(checkout) = checkout else {
        let major = env!("CARGO_PKG_VERSION_MAJOR");
        let minor = env!("CARGO_PKG_VERSION_MINOR");
        return Ok(format!("\"{major}.{minor}\""));
    };
    let path = checkout.join(folder);
    let path = path
        .to_str()
        .with_context(|| format!("{}: a manifest cannot hold this path", path.display()))?;
    // What a text of JSON escapes, one of TOML escapes in the same way.
    let path = serde_json::to_string(path)?;
    Ok(format!("{{ path = {path} }}"))
}

fn fill_in(template: &str, values: &[(&str, String)]) -> String {
    let fill = |text: String, (name, value): &(&str, String)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    };
    values.iter().fold(template.to_owned(), fill)
}

#[cfg(test)]
mod tests {
    use super::{dependency, fill_in, name};
    use std::path::Path;

    #[test]
    fn names_are_those_that_cargo_takes() {
        for good in ["a", "my-app", "my_app2", "Tasks", "tasks", "host"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for bad in [
            "", "-a", "_a", "1a", "a b", "a/b", "..", "ä", "a.b", "a\u{1b}",
        ] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        for taken in [
            "fn",
            "gen",
            "Self",
            "test",
            "proc-macro",
            "deps",
            "anyhow",
            "sandpool-abi",
        ] {
            assert!(name(taken).is_err(), "{taken}");
        }
    }

    #[test]
    fn without_a_checkout_the_published_version_is_meant() {
        let version = dependency(None, "host").expect("it is a version");
        let own = env!("CARGO_PKG_VERSION");
        assert!(own.starts_with(version.trim_matches('"')), "{version}");
        assert_eq!(version.matches('.').count(), 1, "{version}");
    }

    #[test]
    fn a_path_is_a_text_of_the_manifest_whatever_it_holds() {
        let path = dependency(Some(Path::new("/a \"b\"\\c")), "host").expect("it is a path");
        assert_eq!(path, "{ path = \"/a \\\"b\\\"\\\\c/host\" }");
    }

    #[test]
    fn every_placeholder_is_filled_in() {
        let values = [("name", "x".to_owned()), ("sandpool", "y".to_owned())];
        assert_eq!(
            fill_in("{{name}}-{{sandpool}} {name} {{name}}", &values),
            "x-y {name} x"
        );
    }
}
