//! A program like any other: reads what it is to do from stdin, the rest of which is for that.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, net, process, thread};

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    let (command, rest) = input.split_once(' ').unwrap_or((&input, ""));
    if let Err(error) = run(command, rest) {
        eprintln!("error: {error}");
        process::exit(3);
    }
}

fn run(command: &str, rest: &str) -> std::io::Result<()> {
    match command {
        "echo" => print!("{rest}"),
        "read" => print!("{}", fs::read_to_string(rest)?),
        "write" => fs::write(rest, "written")?,
        "remove" => fs::remove_file(rest)?,
        "list" => {
            let mut names: Vec<_> = fs::read_dir(rest)?
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            print!("{}", names.join(" "));
        }
        "open" => {
            let files: Vec<_> = (0..1000).map_while(|_| fs::File::open(rest).ok()).collect();
            print!("{}", files.len());
        }
        "args" => print!("{:?}", env::args().collect::<Vec<_>>()),
        "env" => print!("{:?}", env::vars().collect::<Vec<_>>()),
        "exit" => process::exit(rest.parse().unwrap()),
        "fail" => {
            eprint!("{rest}");
            process::exit(7);
        }
        "panic" => panic!("{rest}"),
        "sleep" => thread::sleep(Duration::from_millis(rest.parse().unwrap())),
        "clock" => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let began = Instant::now();
            thread::sleep(Duration::from_millis(1));
            print!("{} {}", now.unwrap().as_secs(), began.elapsed().as_nanos());
        }
        "random" => print!("{:?}", HashSet::from(["a", "b", "c", "d", "e", "f", "g", "h"])),
        "bytes" => {
            let bytes = vec![b'x'; 1000];
            for _ in 0..rest.parse::<usize>().unwrap() / 1000 {
                std::io::stdout().write_all(&bytes)?;
            }
        }
        "connect" => {
            net::TcpStream::connect(rest)?;
        }
        "spin" => loop {
            std::hint::black_box(());
        },
        other => panic!("there is no command {other:?}"),
    }
    Ok(())
}
