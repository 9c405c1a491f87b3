//! Keeps `docs/conformance.md`: each behaviour that it lists has a test, and it says which.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// Set to write the column of tests instead of checking it.
const WRITE: &str = "SANDPOOL_WRITE_CONFORMANCE";
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/conformance.md");

/// What a test says that it holds.
#[derive(Debug, PartialEq)]
struct Claim {
    behaviours: Vec<String>,
    pools: Vec<&'static str>,
    test: String,
}

/// A line of the document's tables.
struct Row<'a> {
    number: &'a str,
    behaviour: &'a str,
    pools: &'a str,
}

fn pools(text: &str) -> Option<Vec<&'static str>> {
    match text {
        "-" => Some(vec![]),
        "threads" => Some(vec!["threads"]),
        "processes" => Some(vec!["processes"]),
        "both" => Some(vec!["threads", "processes"]),
        _ => None,
    }
}

/// Returns the claims in the doc comments of a file's tests.
fn claims_in(source: &str, module: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut of_next: Vec<&str> = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if let Some(claim) = line.strip_prefix("/// Conformance: ") {
            of_next.push(claim);
        } else if line.starts_with("///") || line.starts_with("#[") {
            is_test |= line == "#[test]";
        } else {
            let name = line
                .strip_prefix("fn ")
                .and_then(|line| line.split_once('('));
            for claim in of_next.drain(..) {
                let Some((name, _)) = name.filter(|_| is_test) else {
                    panic!("{module}: `Conformance: {claim}` stands at no test");
                };
                claims.push(parsed(claim, format!("{module}::{name}")));
            }
            is_test = false;
        }
    }
    claims
}

fn parsed(claim: &str, test: String) -> Claim {
    let (numbers, on) = claim.split_once(" (").unwrap_or((claim, "-)"));
    let Some(pools) = on.strip_suffix(')').and_then(pools) else {
        panic!("{test}: `({on}` are no pools");
    };
    Claim {
        behaviours: numbers.split(", ").map(str::to_owned).collect(),
        pools,
        test,
    }
}

/// All claims, in the order of files and lines.
static CLAIMS: LazyLock<Vec<Claim>> = LazyLock::new(|| {
    let mut claims = Vec::new();
    for (folder, prefix) in [("all", ""), ("models", "models::")] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = fs::read_dir(folder).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "rs"))
        {
            let module = format!("{prefix}{}", file.file_stem().unwrap().display());
            claims.extend(claims_in(&fs::read_to_string(file).unwrap(), &module));
        }
    }
    claims
});

/// The document, written anew if that is asked for.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let text = fs::read_to_string(DOCUMENT).unwrap();
    if std::env::var_os(WRITE).is_none() {
        return text;
    }
    let text = with_tests(&text);
    fs::write(DOCUMENT, &text).unwrap();
    text
});

fn row(line: &str) -> Option<Row<'_>> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let [number, behaviour, pools, _] = cells.split(" | ").collect::<Vec<_>>()[..] else {
        return None;
    };
    let digits = number.strip_prefix('B').unwrap_or(number);
    digits.parse::<u32>().ok()?;
    Some(Row {
        number,
        behaviour,
        pools,
    })
}

/// Returns the document with the column of tests as it should be.
fn with_tests(text: &str) -> String {
    let line = |line| match row(line) {
        Some(Row {
            number,
            behaviour,
            pools,
        }) => {
            let tests: Vec<_> = of(number)
                .map(|claim| format!("`{}`", claim.test))
                .collect();
            let tests = tests.join(", ");
            format!("| {number} | {behaviour} | {pools} | {tests} |\n")
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Returns the claims that name the behaviour.
fn of(number: &str) -> impl Iterator<Item = &'static Claim> {
    let names = move |claim: &&Claim| claim.behaviours.iter().any(|name| name == number);
    CLAIMS.iter().filter(names)
}

#[test]
fn every_behaviour_has_a_test_on_each_of_its_pools() {
    let mut missing = Vec::new();
    let rows: Vec<_> = TEXT.lines().filter_map(row).collect();
    assert!(!rows.is_empty(), "the document has no rows");
    for Row {
        number, pools: on, ..
    } in rows
    {
        let Some(pools) = pools(on) else {
            panic!("behaviour {number}: `{on}` are no pools");
        };
        if of(number).next().is_none() {
            missing.push(format!("behaviour {number} has no test"));
            continue;
        }
        for pool in pools {
            if !of(number).any(|claim| claim.pools.contains(&pool)) {
                missing.push(format!("behaviour {number} has no test on {pool}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_behaviour_that_a_test_names_is_listed() {
    let listed: Vec<_> = TEXT.lines().filter_map(row).map(|row| row.number).collect();
    let unlisted = CLAIMS.iter().flat_map(|claim| {
        let names = claim.behaviours.iter();
        let names = names.filter(|name| !listed.contains(&name.as_str()));
        names.map(|name| format!("{}: there is no behaviour {name}", claim.test))
    });
    let unlisted: Vec<_> = unlisted.collect();
    assert!(unlisted.is_empty(), "{}", unlisted.join("\n"));
}

#[test]
fn the_document_names_the_tests_that_there_are() {
    for (line, expected) in TEXT.lines().zip(with_tests(&TEXT).lines()) {
        let number = row(line).map_or("", |row| row.number);
        assert_eq!(
            line, expected,
            "behaviour {number} is out of date: run this test with {WRITE}=1"
        );
    }
}

#[test]
fn claims_are_read_from_the_doc_comments_of_tests() {
    let comment = "/// Conformance:";
    let source =
        format!("/// Why.\n{comment} 7, B1 (both)\n{comment} 9\n#[test]\nfn it_holds() {{\n");
    let [first, second] = &claims_in(&source, "module")[..] else {
        panic!("{source}");
    };
    assert_eq!(
        first,
        &parsed("7, B1 (both)", "module::it_holds".to_owned())
    );
    assert_eq!(first.behaviours, ["7", "B1"]);
    assert_eq!(first.pools, ["threads", "processes"]);
    assert_eq!(
        (&second.behaviours[..], second.pools.len()),
        (&["9".to_owned()][..], 0)
    );
}
