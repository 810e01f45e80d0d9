//! What a span does, read from OpenTelemetry's semantic conventions: the stable names first, then those
//! that came before them, then OpenTracing's and Brave's.
//!
//! Sources: "Semantic conventions for database client calls" (`db.*`, stable since 1.33), "… for messaging
//! spans" (`messaging.*`), "… for RPC spans" (`rpc.*`), "… for HTTP spans" (`http.*`), "General attributes"
//! (`server.address`, `peer.service`).

pub mod sql;

use super::model::{Span, SpanKind, Spans};
pub use sql::Access;

/// What a span does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Does {
    /// It works on a database.
    Database(Db),
    /// It hands a message to a broker.
    Publish(Message),
    /// It takes a message from a broker, or works on one that was taken.
    Take(Message),
    /// It calls another service.
    Call,
    /// It serves a call.
    Serve,
    /// Work inside a service, or nothing that the conventions name.
    Inside,
}

/// Work on a database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Db {
    /// Which.
    pub store: Store,
    /// What is done there.
    pub access: Access,
    /// The table or collection, in lower case, where it is named.
    pub collection: Option<String>,
    /// The statement without what varies, where there is one.
    pub shape: Option<String>,
}

/// A database, as far as spans name it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Store {
    /// Its product: `postgresql`.
    pub system: String,
    /// Its name within the server: `db.namespace`.
    pub namespace: Option<String>,
    /// The server and its port; none where it is not named, or is the own host, which is another for
    /// each service.
    pub address: Option<String>,
}

impl Store {
    /// Whether it is a cache by its product: what is written there need not be kept.
    #[must_use]
    pub fn is_cache(&self) -> bool {
        ["redis", "valkey", "memcached", "hazelcast", "ehcache"].contains(&self.system.as_str())
    }

    /// It in words: `postgresql "orders" at db:5432`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = self.system.clone();
        if let Some(namespace) = &self.namespace {
            words.push_str(&format!(" \"{namespace}\""));
        }
        if let Some(address) = &self.address {
            words.push_str(&format!(" at {address}"));
        }
        words
    }
}

/// A message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Message {
    /// The broker's product: `kafka`.
    pub system: String,
    /// The topic or queue.
    pub destination: Option<String>,
}

impl Message {
    /// It in words: `kafka "orders"`.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.destination {
            Some(destination) => format!("{} \"{destination}\"", self.system),
            None => self.system.clone(),
        }
    }
}

/// What each span does, in the order of the spans.
#[must_use]
pub fn of_all(spans: &Spans) -> Vec<Does> {
    let mut all: Vec<Does> = spans.spans.iter().map(of).collect();
    // A mapper's span around that of the driver says the same once more.
    for (ix, span) in spans.spans.iter().enumerate() {
        let is_db = |at: u32| matches!(all[at as usize], Does::Database(_));
        let inner =
            |child: &u32| is_db(*child) && spans.spans[*child as usize].service == span.service;
        if is_db(ix as u32) && span.children.iter().any(inner) {
            all[ix] = Does::Inside;
        }
    }
    all
}

/// What a span does.
#[must_use]
pub fn of(span: &Span) -> Does {
    if let Some(db) = database(span) {
        return Does::Database(db);
    }
    if let Some(does) = messaging(span) {
        return does;
    }
    match span.kind {
        SpanKind::Client => Does::Call,
        SpanKind::Server => Does::Serve,
        _ => Does::Inside,
    }
}

fn database(span: &Span) -> Option<Db> {
    let of = &span.attributes;
    // Server spans of a service may carry what it is configured with; only a client works on a database.
    if span.kind.enters() || span.kind == SpanKind::Producer {
        return None;
    }
    let statement = of.first(&["db.query.text", "db.statement", "sql.query"]);
    let system = of.first(&["db.system.name", "db.system", "db.type"]);
    let system = match (system, statement) {
        (Some(system), _) => system.to_ascii_lowercase(),
        // Brave's JDBC and MySQL instrumentation: a statement, and the name of the server.
        (None, Some(_)) => {
            of.get("peer.service").map_or_else(|| "sql".to_owned(), str::to_ascii_lowercase)
        }
        (None, None) => return None,
    };
    let operation = of.first(&[
        "db.operation.name",
        "db.operation",
        "db.query.summary",
        "db.stored_procedure.name",
    ]);
    let access = sql::access(&system, operation, statement, &span.name);
    let collection = of
        .first(&[
            "db.collection.name",
            "db.sql.table",
            "db.mongodb.collection",
            "db.cassandra.table",
        ])
        .map(str::to_owned)
        .or_else(|| sql::table(statement.or_else(|| of.get("db.query.summary"))?))
        .map(|name| name.to_ascii_lowercase());
    let namespace =
        of.first(&["db.namespace", "db.name", "db.instance", "db.redis.database_index"]);
    Some(Db {
        store: Store {
            namespace: namespace.map(str::to_owned),
            address: address(span),
            system: product(system),
        },
        access,
        collection,
        shape: statement.map(sql::shape),
    })
}

/// The products that had another name before the conventions were stable.
fn product(system: String) -> String {
    match system.as_str() {
        "mssql" => "microsoft.sql_server".to_owned(),
        "oracle" => "oracle.db".to_owned(),
        "postgres" => "postgresql".to_owned(),
        _ => system,
    }
}

/// The server that a client span talks to, where its name says which.
fn address(span: &Span) -> Option<String> {
    let of = &span.attributes;
    let host = of.first(&[
        "server.address",
        "net.peer.name",
        "peer.hostname",
        "net.peer.ip",
        "peer.address",
        "peer.ipv4",
    ])?;
    let own = ["localhost", "127.0.0.1", "::1", "0.0.0.0", "[::1]"];
    if own.contains(&host) || host.starts_with("localhost:") || host.starts_with("127.") {
        return None;
    }
    Some(match of.first(&["server.port", "net.peer.port", "peer.port"]) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn messaging(span: &Span) -> Option<Does> {
    let of = &span.attributes;
    let brave = [
        ("kafka", "kafka.topic"),
        ("rabbitmq", "rabbit.queue"),
        ("jms", "jms.queue"),
        ("jms", "jms.topic"),
    ];
    let brave = brave.iter().find_map(|(system, name)| Some((*system, of.get(name)?)));
    let destination = of
        .first(&["messaging.destination.name", "messaging.destination", "message_bus.destination"])
        .or(brave.map(|(_, name)| name));
    let system = of.get("messaging.system").or(brave.map(|(system, _)| system));
    let kind = span.kind;
    if system.is_none()
        && destination.is_none()
        && !matches!(kind, SpanKind::Producer | SpanKind::Consumer)
    {
        return None;
    }
    let message = Message {
        system: system.unwrap_or("broker").to_ascii_lowercase(),
        destination: destination.map(str::to_owned),
    };
    let operation =
        of.first(&["messaging.operation.type", "messaging.operation", "messaging.operation.name"]);
    Some(match (operation, kind) {
        (Some("create"), _) => Does::Inside,
        (Some("send" | "publish"), _) => Does::Publish(message),
        (Some("receive" | "process" | "deliver" | "settle" | "poll" | "ack"), _) => {
            Does::Take(message)
        }
        (_, SpanKind::Producer) => Does::Publish(message),
        (_, SpanKind::Consumer) => Does::Take(message),
        _ => Does::Inside,
    })
}

/// Whom a call is for, in words: the service that serves it, else what its client calls it.
#[must_use]
pub fn callee(spans: &Spans, span: u32) -> Option<String> {
    let of = spans.get(span)?;
    let served =
        of.children.iter().find(|child| spans.spans[**child as usize].service != of.service);
    if let Some(child) = served {
        return Some(spans.service(*child).to_owned());
    }
    let named = of.attributes.first(&["service.peer.name", "peer.service"]).map(str::to_owned);
    named.or_else(|| address(of))
}

/// What a call asks for, without what varies: `GET /orders/{}`, `Stock/Reserve`.
#[must_use]
pub fn asks(span: &Span) -> String {
    let of = &span.attributes;
    if let Some(method) = of.get("rpc.method") {
        let service =
            of.get("rpc.service").map(|service| format!("{service}/")).unwrap_or_default();
        return format!("{service}{method}");
    }
    let method = of.first(&["http.request.method", "http.method"]);
    let path = of.first(&[
        "http.route",
        "url.template",
        "url.path",
        "http.target",
        "url.full",
        "http.url",
    ]);
    match (method, path) {
        (Some(method), Some(path)) => format!("{method} {}", without_what_varies(path)),
        _ => without_what_varies(&span.name),
    }
}

/// A path whose query is cut and whose segments with digits are `{}`.
fn without_what_varies(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let segment = |part: &str| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        // v2 and oauth2 are names; 42, 8f3a-99 and C0012 are not.
        let version = part.strip_prefix('v').is_some_and(|rest| rest.parse::<u8>().is_ok());
        let many = digits > 0 && (digits * 2 >= part.len() || digits >= 3);
        let varies = many && !version && !part.contains(':');
        if varies { "{}".to_owned() } else { part.to_owned() }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Whether a call only asks, by its method (RFC 9110, 9.2.1 "Safe Methods") or, for RPC, by its name; none
/// where neither says.
#[must_use]
pub fn only_asks(span: &Span) -> Option<bool> {
    let of = &span.attributes;
    if of.get("rpc.method").is_none()
        && let Some(method) = of.first(&["http.request.method", "http.method"])
    {
        return match method {
            "GET" | "HEAD" | "OPTIONS" => Some(true),
            "PUT" | "PATCH" | "DELETE" => Some(false),
            // Much is asked by POST.
            _ => None,
        };
    }
    let name = of.get("rpc.method").unwrap_or(&span.name);
    let word = words(name.rsplit(['/', '.']).next().unwrap_or(name)).into_iter().next()?;
    let asks = [
        "get", "list", "find", "search", "query", "read", "fetch", "count", "lookup", "load",
        "check", "batchget",
    ];
    let changes = [
        "create", "add", "set", "update", "delete", "remove", "put", "place", "charge", "reserve",
        "book", "pay", "ship", "send", "save", "insert", "cancel", "refund",
    ];
    if asks.contains(&word.as_str()) {
        Some(true)
    } else if changes.contains(&word.as_str()) {
        Some(false)
    } else {
        None
    }
}

/// The words of a name in lower case: `cancelOrder`, `cancel-order` and `CANCEL_ORDER` have two.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_alphanumeric() {
            let begins = !before.is_alphanumeric() || c.is_uppercase() && !before.is_uppercase();
            match words.last_mut().filter(|_| !begins) {
                Some(word) => word.extend(c.to_lowercase()),
                None => words.push(c.to_lowercase().collect()),
            }
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("POST /cancelOrder"), ["post", "cancel", "order"]);
        assert_eq!(words("REFUND_payment.v2"), ["refund", "payment", "v2"]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn what_varies_is_left_out_of_a_path() {
        assert_eq!(without_what_varies("/api/v2/orders/8f3a-9912?x=1"), "/api/v2/orders/{}");
        assert_eq!(without_what_varies("GET /oauth2/token"), "GET /oauth2/token");
    }
}
