//! Recipe R1: real senders, killed and stopped at random, against a mail server that loses, forgets to answer, stops and
//! crawls. Nothing is lost; what arrives twice is byte for byte the same and its row said so.
//!
//! `GONGKAI_TEST_FULL=1` makes it 200 kills and at least 2,000 mails a run; without it 25 and 200.

use super::*;
use crate::support::{SEALING_KEY, TestDatabase};
use gongkai::store::mail::outbox::{MailState, Unsent, claim, counts, mark_sent, retry};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer than the lease of the senders: 1 s beyond waiting for a turn (1 s) and the longest delivery (2 × 1 s).
const STALL: Duration = Duration::from_secs(6);
/// How long the rest may take once nobody is killed any more.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long all must stay sent: whoever marks first may still be in the middle of a mail that is marked already, and put it back
/// when the server refuses it. Longer than the longest delivery (2 × 1 s).
const SETTLED: Duration = Duration::from_secs(3);

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Plan {
    mails: usize,
    kills: usize,
    senders: usize,
}

impl Plan {
    fn of(senders: usize) -> Self {
        let is_full = std::env::var_os("GONGKAI_TEST_FULL").is_some();
        let (mails, kills) = if is_full { (2_000, 200) } else { (200, 25) };
        Self { mails, kills, senders }
    }
}

/// Numbers as they come; the run is no replay anyway.
#[derive(Debug)]
struct Dice(AtomicU64);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        let step =
            |seed: u64| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let seed = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap();
        (seed >> 33) % bound
    }

    fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn between(&self, low_ms: u64, high_ms: u64) -> Duration {
        Duration::from_millis(low_ms + self.below(high_ms - low_ms))
    }
}

const NORMAL: u8 = 0;
/// Accepts connections and says nothing.
const STOPPED: u8 = 1;
/// Says everything, a byte every 200 ms.
const CRAWLING: u8 = 2;

/// The mail server: every accepted mail is on disk before it is answered.
#[derive(Debug)]
struct PostOffice {
    mood: AtomicU8,
    dice: Dice,
    book: Mutex<File>,
    copies: Mutex<Vec<(String, Vec<u8>)>>,
    /// Mails whose delivery was begun.
    begun: AtomicUsize,
    /// Mails stored whose 250 the sender did not get, or not in time.
    unanswered: AtomicUsize,
}

impl PostOffice {
    fn open(book: File) -> (Arc<Self>, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let office = Arc::new(Self {
            mood: AtomicU8::new(NORMAL),
            dice: Dice(AtomicU64::new(711)),
            book: Mutex::new(book),
            copies: Mutex::default(),
            begun: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
        });
        let serving = office.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let office = serving.clone();
                // A sender that is gone ends its conversation.
                std::thread::spawn(move || drop(office.talk(&stream)));
            }
        });
        (office, port)
    }

    fn talk(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream);
        self.say(stream, "220 post office")?;
        let mut line = String::new();
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => self.say(stream, "250-post office\r\n250 8BITMIME")?,
                "MAIL" if self.dice.percent(5) => self.say(stream, "451 4.3.0 try again later")?,
                "DATA" => {
                    self.begun.fetch_add(1, Ordering::Relaxed);
                    self.say(stream, "354 go")?;
                    let Some(data) = body(&mut lines)? else { return Ok(()) };
                    let fate = self.dice.below(100);
                    if fate < 2 {
                        return Ok(());
                    }
                    self.store(data);
                    let is_forgotten = fate < 4;
                    if is_forgotten || self.mood.load(Ordering::Relaxed) != NORMAL {
                        self.unanswered.fetch_add(1, Ordering::Relaxed);
                    }
                    if is_forgotten {
                        return Ok(());
                    }
                    // Room for a kill between what the server knows and what the sender does.
                    std::thread::sleep(self.dice.between(10, 40));
                    self.say(stream, "250 2.0.0 queued")?;
                }
                "QUIT" => return self.say(stream, "221 bye"),
                _ => self.say(stream, "250 ok")?,
            }
        }
    }

    fn say(&self, mut stream: &TcpStream, text: &str) -> std::io::Result<()> {
        while self.mood.load(Ordering::Relaxed) == STOPPED {
            std::thread::sleep(Duration::from_millis(20));
        }
        let line = format!("{text}\r\n");
        let step = if self.mood.load(Ordering::Relaxed) == CRAWLING { 1 } else { line.len() };
        for part in line.as_bytes().chunks(step) {
            stream.write_all(part)?;
            if part.len() < line.len() {
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        Ok(())
    }

    /// Waits until a mail is on its way, and then a little: who is hit now is hit in the middle of something.
    fn strike_time(&self) {
        let (seen, began) = (self.begun.load(Ordering::Relaxed), Instant::now());
        while self.begun.load(Ordering::Relaxed) == seen && began.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(self.dice.between(0, 100));
    }

    fn store(&self, data: Vec<u8>) {
        let text = String::from_utf8_lossy(&data).into_owned();
        let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(book, "{id}").unwrap();
        book.sync_data().unwrap();
        self.copies.lock().unwrap_or_else(PoisonError::into_inner).push((id, data));
    }
}

/// The lines up to the single dot, with the doubled dots taken back.
fn body(lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(data));
        }
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

/// The product's own sender.
fn sender(database: &TestDatabase, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(["mail", "send", "--follow"]).env_clear();
    command.env("GONGKAI_DATABASE_URL", &database.options.url);
    command.env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY);
    command.env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes");
    for (name, value) in hasty(port) {
        command.env(name, value);
    }
    command
}

/// Short pauses, so that a run is over soon; the lease is still longer than the longest delivery. The window is always open:
/// what is refused comes again after its pause at any time of the day.
fn hasty(port: u16) -> [(&'static str, String); 13] {
    [
        ("GONGKAI_SMTP__HOST", "127.0.0.1".to_owned()),
        ("GONGKAI_SMTP__PORT", port.to_string()),
        ("GONGKAI_SMTP__TLS", "none".to_owned()),
        ("GONGKAI_SMTP__FROM", "office@gov.example".to_owned()),
        ("GONGKAI_SMTP__TIMEOUT_S", "1".to_owned()),
        ("GONGKAI_SMTP__RETRY_S", "1".to_owned()),
        ("GONGKAI_SMTP__RELAY_PAUSE_S", "1".to_owned()),
        ("GONGKAI_SMTP__LEASE_S", "1".to_owned()),
        ("GONGKAI_SMTP__MAILS_PER_MINUTE", "0".to_owned()),
        ("GONGKAI_REMINDERS__DIGEST", "false".to_owned()),
        ("GONGKAI_REMINDERS__WINDOW__FROM_HOUR", "0".to_owned()),
        ("GONGKAI_REMINDERS__WINDOW__UNTIL_HOUR", "24".to_owned()),
        ("GONGKAI_REMINDERS__WINDOW__WORKING_DAYS_ONLY", "false".to_owned()),
    ]
}

/// What a run came to.
#[derive(Debug, Default)]
struct Tally {
    mails: usize,
    kills: usize,
    stalls: usize,
    lost: usize,
    extra: usize,
    /// Mails that arrived more than once though their row never said they might.
    unsuspected: usize,
    /// Copies that are not the bytes of the row.
    differing: usize,
    suspect: usize,
    unanswered: usize,
}

/// Senders at work, and their end.
struct Crew {
    command: Box<dyn Fn() -> Command>,
    children: Vec<Child>,
    stalled: Vec<(Instant, usize)>,
}

impl Crew {
    fn new(size: usize, command: impl Fn() -> Command + 'static) -> Self {
        let mut crew = Self { command: Box::new(command), children: Vec::new(), stalled: Vec::new() };
        crew.children = (0..size).map(|_| crew.hire()).collect();
        crew
    }

    fn hire(&self) -> Child {
        (self.command)().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn signal(&self, at: usize, name: &str) {
        let id = self.children[at].id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn is_stalled(&self, at: usize) -> bool {
        self.stalled.iter().any(|(_, stalled)| *stalled == at)
    }

    /// SIGKILL, and another in its place.
    fn kill(&mut self, at: usize) {
        self.children[at].kill().unwrap();
        self.children[at].wait().unwrap();
        self.children[at] = self.hire();
    }

    /// SIGSTOP for longer than its lease.
    fn stall(&mut self, at: usize) {
        self.signal(at, "-STOP");
        self.stalled.push((Instant::now() + STALL, at));
    }

    /// Wakes who has been stopped for long enough.
    fn wake(&mut self, is_all: bool) {
        let (due, rest): (Vec<_>, Vec<_>) =
            self.stalled.drain(..).partition(|(until, _)| is_all || *until <= Instant::now());
        self.stalled = rest;
        due.into_iter().for_each(|(_, at)| self.signal(at, "-CONT"));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Whoever is gone already is.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs the plan: mails are queued while senders are killed, then the rest may go out in peace.
fn run(database: &TestDatabase, plan: Plan, command: impl Fn(u16) -> Command + 'static) -> Tally {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accepted");
    let (office, port) = PostOffice::open(File::create(&path).unwrap());
    let store = database.open();
    let mut tally = Tally::default();
    let top_up = |mails: &mut usize, enough: i64| {
        for _ in store.read(counts).unwrap().queued..enough {
            queue(&store, &format!("mail-{mails}"), "a@gov.example");
            *mails += 1;
        }
    };
    let backlog = i64::try_from(plan.senders * 10).unwrap();
    top_up(&mut tally.mails, backlog);
    let mut crew = Crew::new(plan.senders, move || command(port));
    for strike in 0..plan.kills {
        let mood = match strike * 20 / plan.kills {
            6..9 => STOPPED,
            12..15 => CRAWLING,
            _ => NORMAL,
        };
        office.mood.store(mood, Ordering::Relaxed);
        top_up(&mut tally.mails, backlog);
        office.strike_time();
        crew.wake(false);
        let at = usize::try_from(office.dice.below(u64::try_from(plan.senders).unwrap())).unwrap();
        if plan.senders > 1 && strike % 5 == 4 && crew.stalled.is_empty() {
            crew.stall(at);
            tally.stalls += 1;
        }
        let at = if crew.is_stalled(at) { (at + 1) % plan.senders } else { at };
        crew.kill(at);
        tally.kills += 1;
    }
    office.mood.store(NORMAL, Ordering::Relaxed);
    let missing = i64::try_from(plan.mails.saturating_sub(tally.mails)).unwrap();
    let queued = store.read(counts).unwrap().queued;
    top_up(&mut tally.mails, queued + missing);
    std::thread::sleep(if crew.stalled.is_empty() { Duration::ZERO } else { STALL });
    crew.wake(true);
    let (began, mut since) = (Instant::now(), Instant::now());
    while since.elapsed() < SETTLED {
        if store.read(counts).unwrap().sent < i64::try_from(tally.mails).unwrap() {
            since = Instant::now();
        }
        assert!(began.elapsed() < PATIENCE, "not all went out: {:?}", store.read(counts).unwrap());
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(crew);
    judge(&store, &office, &std::fs::read_to_string(path).unwrap(), &mut tally);
    tally
}

/// Compares what the server has with what the rows say.
fn judge(store: &Store, office: &PostOffice, book: &str, tally: &mut Tally) {
    let mut copies: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    let held = office.copies.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let booked: Vec<&str> = book.lines().collect();
    assert_eq!(booked, held.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), "the book says what was stored");
    for (id, data) in held {
        copies.entry(id).or_default().push(data);
    }
    let rows: Vec<(String, Vec<u8>, bool, String)> = store
        .read(|db| -> Result<_, StoreError> {
            let columns = (outbox_table::message_id, outbox_table::message, outbox_table::suspect, outbox_table::state);
            Ok(outbox_table::table.select(columns).load(db)?)
        })
        .unwrap();
    assert_eq!(rows.len(), tally.mails);
    for (id, message, suspect, state) in rows {
        assert_eq!(state, MailState::Sent.code());
        let got = copies.remove(&id).unwrap_or_default();
        tally.lost += usize::from(got.is_empty());
        tally.extra += got.len().saturating_sub(1);
        tally.unsuspected += usize::from(got.len() > 1 && !suspect);
        tally.differing += got.iter().filter(|copy| **copy != message).count();
        tally.suspect += usize::from(suspect);
    }
    assert!(copies.is_empty(), "mails that nobody queued: {:?}", copies.keys());
    tally.unanswered = office.unanswered.load(Ordering::Relaxed);
}

/// The product's senders lose nothing, whatever becomes of them.
fn nothing_is_lost(database: TestDatabase, senders: usize) {
    let plan = Plan::of(senders);
    let database = Arc::new(database);
    let of_sender = database.clone();
    let tally = run(&database, plan, move |port| sender(&of_sender, port));
    eprintln!("{} with {senders} senders: {tally:?}", database.name);
    assert_eq!((tally.lost, tally.unsuspected, tally.differing), (0, 0, 0), "{tally:?}");
    assert!(tally.mails >= plan.mails && tally.kills == plan.kills, "{tally:?}");
    assert!(tally.suspect > 0, "nobody was hit in the middle of a delivery: {tally:?}");
    let excuses = tally.kills + tally.stalls + tally.unanswered;
    assert!(tally.extra <= excuses, "more copies than deliveries that could have been cut off: {tally:?}");
}

#[test]
fn killed_senders_lose_nothing_on_sqlite() {
    nothing_is_lost(TestDatabase::sqlite(), 1);
}

#[test]
fn two_killed_and_stalled_senders_lose_nothing_on_postgres() {
    nothing_is_lost(TestDatabase::postgres(), 2);
}

#[test]
fn three_killed_and_stalled_senders_lose_nothing_on_postgres() {
    nothing_is_lost(TestDatabase::postgres(), 3);
}

/// The negative control: the same, by a sender that marks a mail sent before it sends it. If nothing is lost then, the
/// test above proves nothing.
fn marking_first_loses(database: TestDatabase, senders: usize) {
    let url = database.options.url.clone();
    let tally = run(&database, Plan::of(senders), move |port| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "mail::killing::a_sender_that_marks_first", "--ignored", "--nocapture"]);
        command.env("GONGKAI_TEST_MARKS_FIRST", format!("{port} {url}"));
        command
    });
    eprintln!("{} with {senders} senders that mark first: {tally:?}", database.name);
    assert!(tally.lost > 0, "the control must lose mail: {tally:?}");
}

#[test]
fn a_sender_that_marks_before_it_sends_does_lose_mail_on_sqlite() {
    marking_first_loses(TestDatabase::sqlite(), 1);
}

#[test]
fn senders_that_mark_before_they_send_do_lose_mail_on_postgres() {
    marking_first_loses(TestDatabase::postgres(), 2);
}

#[test]
#[ignore = "not a test: the process that the negative control starts and kills"]
fn a_sender_that_marks_first() {
    let Ok(told) = std::env::var("GONGKAI_TEST_MARKS_FIRST") else { return };
    let (port, url) = told.split_once(' ').unwrap();
    let options = gongkai::store::DatabaseOptions {
        url: url.to_owned(),
        sealing_key: Some(SEALING_KEY.to_owned()),
        ..gongkai::store::DatabaseOptions::default()
    };
    let store = Store::open(&options).unwrap();
    let port = port.parse().unwrap();
    let variables = hasty(port).map(|(name, value)| (name.to_owned(), value));
    let relay = Relay::from_settings(&Settings::load(None, variables).unwrap().smtp).unwrap().unwrap();
    let owner = uuid::Uuid::new_v4().to_string();
    runtime().block_on(async {
        loop {
            let claims = store.write(|db| claim(db, &owner, 5, relay.pace().lease)).unwrap_or_default();
            if claims.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            for claimed in claims {
                if !store.write(|db| mark_sent(db, &claimed, "marked first")).unwrap() {
                    continue;
                }
                if let Err(failure) = relay.send(&claimed.to_address, &claimed.message).await {
                    put_back(&store, &claimed, &failure.to_string());
                }
            }
        }
    });
}

/// What fails is put back, so that only the order of marking and sending is wrong.
fn put_back(store: &Store, claimed: &store_outbox::Claimed, reply: &str) {
    let row = outbox_table::table.filter(outbox_table::id.eq(claimed.id));
    let work = |db: &mut gongkai::store::Db| -> Result<bool, StoreError> {
        let held = (
            outbox_table::state.eq(MailState::Sending.code()),
            outbox_table::lease_owner.eq(Some(claimed.owner.clone())),
        );
        diesel::update(row).set(held).execute(db)?;
        retry(db, claimed, reply, Duration::from_secs(1), Unsent::Broken)
    };
    store.write(work).unwrap();
}
