//! No circle between files of different features: whoever changes a feature needs to know only what it names, and what
//! those name, never itself again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::architecture::{sources, test_files, without_tests};

/// A path such as `crate::store::cases::find`, in segments without `crate`.
type Segments = Vec<String>;

/// The files of `src` by module, with what each of them names.
struct House {
    files: BTreeMap<Segments, File>,
}

#[derive(Default)]
struct File {
    uses: Vec<Segments>,
    /// `pub use`: the name here, and the path it stands for.
    exports: BTreeMap<String, Segments>,
}

impl House {
    fn read(root: &Path) -> Self {
        let all = sources(root);
        let text = |file: &Path| std::fs::read_to_string(file).unwrap();
        let tests: Vec<_> = all.iter().flat_map(|file| test_files(file, &text(file))).collect();
        let product = all.iter().filter(|file| !tests.iter().any(|test| file.starts_with(test.with_extension(""))));
        let named = product.filter(|file| !tests.contains(file)).map(|file| {
            let source: String = without_tests(&text(file)).iter().map(|(_, line)| format!("{line}\n")).collect();
            (module_of(file.strip_prefix(root).unwrap()), source)
        });
        Self::of(named.collect())
    }

    fn of(sources: BTreeMap<Segments, String>) -> Self {
        let modules: BTreeSet<&Segments> = sources.keys().collect();
        let files = sources.iter().map(|(module, source)| (module.clone(), File::of(module, source, &modules)));
        Self { files: files.collect() }
    }

    /// The module whose file defines what the path names. A name that a file only re-exports is followed.
    fn definition(&self, path: &[String], depth: u8) -> Option<&Segments> {
        let (module, file) = (0..=path.len()).rev().find_map(|end| self.files.get_key_value(&path[..end]))?;
        let exported = path.get(module.len()).and_then(|name| file.exports.get(name));
        match exported.filter(|_| depth > 0) {
            Some(target) => self.definition(target, depth - 1),
            None => Some(module),
        }
    }

    fn arrows(&self) -> BTreeMap<&Segments, BTreeSet<&Segments>> {
        let of_file = |(module, file): (&'_ Segments, &'_ File)| -> BTreeSet<&Segments> {
            let named = file.uses.iter().filter_map(|path| self.definition(path, 5));
            named.filter(|other| *other != module).collect()
        };
        self.files.iter().map(|entry| (entry.0, of_file(entry))).collect()
    }

    /// Pairs of files of different features that reach each other.
    fn circles(&self) -> Vec<String> {
        let arrows = self.arrows();
        let reached: BTreeMap<&Segments, BTreeSet<&Segments>> =
            arrows.keys().map(|from| (*from, reachable(from, &arrows))).collect();
        let pairs = arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to)));
        let circle = pairs.filter(|(from, to)| feature(from) != feature(to) && reached[to].contains(from));
        circle.map(|(from, to)| format!("{} names {}, which leads back", from.join("::"), to.join("::"))).collect()
    }
}

fn reachable<'a>(
    from: &'a Segments,
    arrows: &BTreeMap<&'a Segments, BTreeSet<&'a Segments>>,
) -> BTreeSet<&'a Segments> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        next.extend(arrows[module].iter().filter(|other| seen.insert(**other)));
    }
    seen
}

/// Layer and feature of a file. What a layer's own file holds (`store/mod.rs`: the store; `store/error.rs`: its error)
/// belongs to the connection.
fn feature(module: &[String]) -> (String, String) {
    let layer = module.first().cloned().unwrap_or_default();
    let feature = module.get(1).cloned().unwrap_or_default();
    match (layer.as_str(), feature.as_str()) {
        ("store", "" | "error") => (layer, "database".to_owned()),
        _ => (layer, feature),
    }
}

fn module_of(file: &Path) -> Segments {
    let path = file.with_extension("");
    let mut segments: Segments = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if segments.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        segments.pop();
    }
    segments
}

impl File {
    fn of(module: &Segments, source: &str, modules: &BTreeSet<&Segments>) -> Self {
        let code: String =
            source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let mut file = Self::default();
        let mut rest = String::new();
        for (at, statement) in code.split(';').enumerate() {
            let start = statement.find("use ").filter(|start| is_use(&statement[..*start]));
            let Some(start) = start else {
                rest.push_str(statement);
                rest.push(if at % 2 == 0 { ';' } else { ' ' });
                continue;
            };
            rest.push_str(&statement[..start]);
            let is_public = statement[..start]
                .trim_end()
                .rsplit('\n')
                .next()
                .is_some_and(|line| line.trim_start().starts_with("pub"));
            for (path, name) in leaves(&statement[start + 4..]) {
                let Some(path) = absolute(module, &path, modules) else { continue };
                if is_public {
                    file.exports.insert(name, path);
                } else {
                    file.uses.push(path);
                }
            }
        }
        for prefix in ["crate::", "super::", "self::"] {
            let starts = rest.match_indices(prefix).filter(|(at, _)| {
                let before = rest[..*at].chars().next_back();
                !rest[..*at].ends_with("in ")
                    && !before.is_some_and(|letter| letter == ':' || letter == '_' || letter.is_alphanumeric())
            });
            let path = |at: usize| {
                rest[at..].chars().take_while(|c| *c == ':' || *c == '_' || c.is_alphanumeric()).collect::<String>()
            };
            let paths: Vec<Segments> =
                starts.map(|(at, _)| path(at).split("::").map(str::to_owned).collect()).collect();
            file.uses.extend(paths.iter().filter_map(|path| absolute(module, path, modules)));
        }
        file
    }
}

/// Whether what precedes `use ` makes it a statement of its own: nothing, a visibility, or an attribute.
fn is_use(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || line.starts_with("pub")
}

/// `a::{b, c as d}`: every path with the name it gets here.
fn leaves(tree: &str) -> Vec<(Segments, String)> {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let prefix: Segments =
            tree[..open].split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
        let inner = tree[open + 1..].rsplit_once('}').map_or("", |(inner, _)| inner);
        return split_at_top(inner)
            .into_iter()
            .flat_map(leaves)
            .map(|(path, name)| {
                let path: Segments =
                    prefix.iter().cloned().chain(path.into_iter().filter(|part| part != "self")).collect();
                (path, name)
            })
            .collect();
    }
    if tree.is_empty() {
        return Vec::new();
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.trim())));
    let path: Segments = path.split("::").map(|part| part.trim().to_owned()).collect();
    let name = alias.map_or_else(|| path.last().cloned().unwrap_or_default(), str::to_owned);
    vec![(path, name)]
}

fn split_at_top(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn absolute(module: &[String], path: &[String], modules: &BTreeSet<&Segments>) -> Option<Segments> {
    let first = path.first()?.as_str();
    if first == "crate" {
        return Some(path[1..].to_vec());
    }
    let ups = path.iter().take_while(|part| *part == "super").count();
    if first == "super" || first == "self" {
        let skip = ups + usize::from(first == "self");
        let base = &module[..module.len().checked_sub(ups)?];
        return Some(base.iter().chain(&path[skip..]).cloned().collect());
    }
    let child: Segments = module.iter().chain(path).cloned().collect();
    modules.contains(&child[..=module.len()].to_vec()).then_some(child)
}

#[test]
fn no_file_leads_back_to_itself_through_another_feature() {
    let house = House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(house.files.len() > 250 && house.arrows().values().map(BTreeSet::len).sum::<usize>() > 1000);
    let circles = house.circles();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_planted_circle_is_found() {
    let house = |sources: &[(&str, &str)]| {
        let module = |name: &str| name.split("::").map(str::to_owned).collect::<Segments>();
        House::of(sources.iter().map(|(name, source)| (module(name), (*source).to_owned())).collect())
    };
    let planted = [
        ("office::cases", "use crate::office::reports::count;\n"),
        ("office::reports", "pub fn count() { super::cases::take(); }\n"),
    ];
    assert_eq!(house(&planted).circles().len(), 2);
    let by_export = [
        ("office", "pub use people::Caller;\n"),
        ("office::people", "use crate::office::mail::{self, Mail};\n"),
        ("office::mail", "use super::{\n    Caller,\n};\n"),
    ];
    assert_eq!(house(&by_export).circles().len(), 2);
    let one_feature = [
        ("office::cases::view", "use super::commands::href;\n"),
        ("office::cases::commands", "use crate::office::cases::view::View;\n"),
        ("office::mail", "pub(in crate::office) fn f() {} // crate::office::cases::view\nuse super::cases::view;\n"),
    ];
    assert_eq!(house(&one_feature).circles(), Vec::<String>::new());
}
