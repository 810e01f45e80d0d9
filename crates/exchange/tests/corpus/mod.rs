//! A generated corpus: systems in a few lines each, written as OTLP JSON, Jaeger JSON and Zipkin v2 JSON.
#![allow(clippy::unwrap_used, dead_code, reason = "each test uses a part of it")]

use serde_json::{Value, json};

/// A span of a described system.
#[derive(Clone)]
pub struct Span {
    pub trace: u32,
    pub service: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
    pub parent: Option<usize>,
    pub start_us: u64,
    pub end_us: u64,
    pub failed: bool,
    pub attributes: Vec<(&'static str, &'static str)>,
    pub links: Vec<usize>,
}

/// Spans in the order of their ids.
#[derive(Clone, Default)]
pub struct System {
    pub spans: Vec<Span>,
}

impl System {
    /// Adds a span; returns its place, by which others refer to it.
    pub fn span(
        &mut self,
        (service, name, kind): (&'static str, &'static str, &'static str),
        parent: Option<usize>,
        (start_us, end_us): (u64, u64),
        attributes: &[(&'static str, &'static str)],
    ) -> usize {
        self.spans.push(Span {
            trace: parent.map_or(1, |parent| self.spans[parent].trace),
            service,
            name,
            kind,
            parent,
            start_us,
            end_us,
            failed: false,
            attributes: attributes.to_vec(),
            links: Vec::new(),
        });
        self.spans.len() - 1
    }

    /// A call and its server: two spans; returns the server's.
    pub fn call(
        &mut self,
        from: usize,
        service: &'static str,
        name: &'static str,
        (start, end): (u64, u64),
    ) -> usize {
        let caller = self.spans[from].service;
        let http: &[(&str, &str)] = &[("http.request.method", "POST"), ("server.address", service)];
        let client = self.span((caller, name, "client"), Some(from), (start, end), http);
        self.span(
            (service, name, "server"),
            Some(client),
            (start + 100, end - 100),
            &[("http.request.method", "POST"), ("http.route", name)],
        )
    }

    /// A statement on a database of PostgreSQL.
    pub fn sql(
        &mut self,
        at: usize,
        (db, address): (&'static str, &'static str),
        text: &'static str,
        (start, end): (u64, u64),
    ) -> usize {
        let service = self.spans[at].service;
        self.span(
            (service, text.split(' ').next().unwrap(), "client"),
            Some(at),
            (start, end),
            &[
                ("db.system.name", "postgresql"),
                ("db.namespace", db),
                ("server.address", address),
                ("db.query.text", text),
            ],
        )
    }

    fn id(at: usize) -> String {
        format!("{:016x}", at + 1)
    }

    fn trace_id(trace: u32) -> String {
        format!("{trace:032x}")
    }

    fn services(&self) -> Vec<&'static str> {
        let mut services: Vec<&str> = Vec::new();
        for span in &self.spans {
            if !services.contains(&span.service) {
                services.push(span.service);
            }
        }
        services
    }

    /// As OTLP JSON: enums as integers, 64-bit numbers as strings, ids in hexadecimal
    /// (opentelemetry-proto, "JSON Protobuf Encoding").
    pub fn otlp(&self) -> String {
        let kinds = ["", "internal", "server", "client", "producer", "consumer"];
        let text =
            |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let of_service = |service: &&str| {
            let own = self.spans.iter().enumerate().filter(|(_, span)| span.service == *service);
            let spans: Vec<Value> = own
                .map(|(at, span)| {
                    let links = span.links.iter().map(|to| {
                        json!({ "traceId": Self::trace_id(self.spans[*to].trace), "spanId": Self::id(*to) })
                    });
                    json!({
                        "traceId": Self::trace_id(span.trace),
                        "spanId": Self::id(at),
                        "parentSpanId": span.parent.map(Self::id).unwrap_or_default(),
                        "name": span.name,
                        "kind": kinds.iter().position(|kind| *kind == span.kind).unwrap(),
                        "startTimeUnixNano": nanos(span.start_us),
                        "endTimeUnixNano": nanos(span.end_us),
                        "attributes": span.attributes.iter().map(|(key, value)| text(key, value)).collect::<Vec<_>>(),
                        "links": links.collect::<Vec<_>>(),
                        "status": if span.failed { json!({ "code": 2 }) } else { json!({}) },
                    })
                })
                .collect();
            json!({
                "resource": { "attributes": [text("service.name", service)] },
                "scopeSpans": [{ "scope": { "name": "corpus" }, "spans": spans }],
            })
        };
        let all: Vec<Value> = self.services().iter().map(of_service).collect();
        json!({ "resourceSpans": all }).to_string()
    }

    /// As Jaeger JSON, the answer of its query service's API.
    pub fn jaeger(&self) -> String {
        let services = self.services();
        let process = |service: &str| {
            format!("p{}", services.iter().position(|it| *it == service).unwrap() + 1)
        };
        let mut traces: Vec<u32> = self.spans.iter().map(|span| span.trace).collect();
        traces.dedup();
        let data = traces.iter().map(|trace| {
            let own = self.spans.iter().enumerate().filter(|(_, span)| span.trace == *trace);
            let spans: Vec<Value> = own
                .map(|(at, span)| {
                    let tag = |key: &str, value: &str| json!({ "key": key, "type": "string", "value": value });
                    let mut tags: Vec<Value> = span.attributes.iter().map(|(key, value)| tag(key, value)).collect();
                    tags.push(tag("span.kind", span.kind));
                    if span.failed {
                        tags.push(json!({ "key": "error", "type": "bool", "value": true }));
                    }
                    let parents = span.parent.iter().map(|to| {
                        json!({ "refType": "CHILD_OF", "traceID": Self::trace_id(span.trace), "spanID": Self::id(*to) })
                    });
                    let links = span.links.iter().map(|to| {
                        json!({ "refType": "FOLLOWS_FROM", "traceID": Self::trace_id(self.spans[*to].trace), "spanID": Self::id(*to) })
                    });
                    json!({
                        "traceID": Self::trace_id(span.trace),
                        "spanID": Self::id(at),
                        "operationName": span.name,
                        "references": parents.chain(links).collect::<Vec<_>>(),
                        "startTime": EPOCH_US + span.start_us,
                        "duration": span.end_us - span.start_us,
                        "tags": tags,
                        "logs": [],
                        "processID": process(span.service),
                    })
                })
                .collect();
            let processes: serde_json::Map<String, Value> = services
                .iter()
                .map(|service| (process(service), json!({ "serviceName": service, "tags": [] })))
                .collect();
            json!({ "traceID": Self::trace_id(*trace), "spans": spans, "processes": processes })
        });
        json!({ "data": data.collect::<Vec<_>>() }).to_string()
    }

    /// As Zipkin v2 JSON (its OpenAPI definition, "Span").
    pub fn zipkin(&self) -> String {
        let spans = self.spans.iter().enumerate().map(|(at, span)| {
            let mut tags: serde_json::Map<String, Value> = span
                .attributes
                .iter()
                .map(|(key, value)| ((*key).to_owned(), json!(value)))
                .collect();
            if span.failed {
                tags.insert("error".into(), json!("true"));
            }
            let mut object = json!({
                "traceId": Self::trace_id(span.trace),
                "id": Self::id(at),
                "name": span.name,
                "timestamp": EPOCH_US + span.start_us,
                "duration": span.end_us - span.start_us,
                "localEndpoint": { "serviceName": span.service },
                "tags": tags,
            });
            if let Some(parent) = span.parent {
                object["parentId"] = json!(Self::id(parent));
            }
            if span.kind != "internal" {
                object["kind"] = json!(span.kind.to_uppercase());
            }
            object
        });
        Value::Array(spans.collect()).to_string()
    }
}

/// 2026 or so: times at or below 0 count as missing in some tools.
const EPOCH_US: u64 = 1_790_000_000_000_000;

fn nanos(us: u64) -> String {
    format!("{}", (EPOCH_US + us) * 1_000)
}

const ORDERS: (&str, &str) = ("orders", "orders-db");
const PAYMENTS: (&str, &str) = ("payments", "payments-db");

fn entry(service: &'static str, name: &'static str) -> (System, usize) {
    let mut system = System::default();
    let root = system.span(
        (service, name, "server"),
        None,
        (0, 90_000),
        &[("http.request.method", "POST"), ("http.route", name)],
    );
    (system, root)
}

/// Two services write the same table of one database.
pub fn shared_database() -> System {
    let (mut system, root) = entry("orders", "/order");
    system.sql(root, ("shop", "db"), "INSERT INTO orders (id) VALUES (?)", (1_000, 3_000));
    let stock = system.call(root, "stock", "/reserve", (10_000, 40_000));
    system.sql(
        stock,
        ("shop", "db"),
        "UPDATE items SET left = left - 1 WHERE id = ?",
        (12_000, 15_000),
    );
    system.sql(
        stock,
        ("shop", "db"),
        "UPDATE orders SET status = ? WHERE id = ?",
        (16_000, 18_000),
    );
    system
}

/// A service commits and then publishes, in one operation.
pub fn dual_write() -> System {
    let (mut system, root) = entry("payments", "/charge");
    system.sql(root, PAYMENTS, "UPDATE accounts SET balance = ? WHERE id = ?", (1_000, 4_000));
    let sent = system.span(
        ("payments", "payment.charged publish", "producer"),
        Some(root),
        (5_000, 6_000),
        &[
            ("messaging.system", "kafka"),
            ("messaging.destination.name", "payment.charged"),
            ("messaging.operation.type", "send"),
        ],
    );
    let taken = system.span(
        ("shipping", "payment.charged process", "consumer"),
        Some(sent),
        (20_000, 40_000),
        &[
            ("messaging.system", "kafka"),
            ("messaging.destination.name", "payment.charged"),
            ("messaging.operation.type", "process"),
        ],
    );
    system.sql(
        taken,
        ("shipping", "shipping-db"),
        "INSERT INTO parcels (id) VALUES (?)",
        (21_000, 24_000),
    );
    system
}

/// An orchestrator asks two services, the second refuses, and the first takes back.
pub fn saga() -> System {
    let (mut system, root) = entry("orders", "/checkout");
    system.sql(root, ORDERS, "INSERT INTO orders (id) VALUES (?)", (500, 900));
    let charge = system.call(root, "payments", "/charge", (1_000, 20_000));
    system.sql(charge, PAYMENTS, "UPDATE accounts SET balance = ? WHERE id = ?", (2_000, 5_000));
    let reserve = system.call(root, "stock", "/reserve", (21_000, 40_000));
    system.spans[reserve].failed = true;
    let refund = system.call(root, "payments", "/refund", (45_000, 60_000));
    system.sql(refund, PAYMENTS, "UPDATE accounts SET balance = ? WHERE id = ?", (46_000, 48_000));
    system
}

/// Two databases prepare, then both are told to commit.
pub fn two_phase_commit() -> System {
    let (mut system, root) = entry("orders", "/transfer");
    for (at, db) in [(1_000, ORDERS), (6_000, PAYMENTS)] {
        system.sql(root, db, "PREPARE TRANSACTION 'x'", (at, at + 2_000));
    }
    for (at, db) in [(12_000, ORDERS), (16_000, PAYMENTS)] {
        system.sql(root, db, "COMMIT PREPARED 'x'", (at, at + 2_000));
    }
    system
}

/// One operation reads a list and then each of its rows.
pub fn n_plus_one() -> System {
    let (mut system, root) = entry("orders", "/list");
    system.sql(root, ORDERS, "SELECT id FROM orders WHERE customer = ?", (500, 1_500));
    for nth in 0..12 {
        let at = 2_000 + nth * 1_500;
        system.sql(root, ORDERS, "SELECT * FROM lines WHERE order_id = ?", (at, at + 1_000));
    }
    system
}

/// Each service has its own database, and calls come one after the other.
pub fn own_databases() -> System {
    let (mut system, root) = entry("orders", "/order");
    system.sql(root, ORDERS, "INSERT INTO orders (id) VALUES (?)", (1_000, 2_000));
    let charge = system.call(root, "payments", "/charge", (5_000, 20_000));
    system.sql(charge, PAYMENTS, "UPDATE accounts SET balance = ? WHERE id = ?", (6_000, 9_000));
    system
}

/// One service, one database and a cache: a page that is shown.
pub fn one_service() -> System {
    let (mut system, root) = entry("shop", "/page");
    system.span(
        ("shop", "GET page", "client"),
        Some(root),
        (500, 800),
        &[("db.system.name", "redis"), ("db.operation.name", "GET"), ("server.address", "cache")],
    );
    system.sql(root, ("shop", "db"), "SELECT * FROM pages WHERE id = ?", (1_000, 3_000));
    system.sql(
        root,
        ("shop", "db"),
        "UPDATE pages SET seen = seen + 1 WHERE id = ?",
        (4_000, 5_000),
    );
    system
}

/// A message is written beside the row, and a relay of its own publishes it later.
pub fn outbox() -> System {
    let (mut system, root) = entry("orders", "/order");
    system.sql(root, ORDERS, "INSERT INTO orders (id) VALUES (?)", (1_000, 2_000));
    system.sql(root, ORDERS, "INSERT INTO outbox (message) VALUES (?)", (2_100, 2_600));
    let relay = system.span(("orders", "relay", "internal"), None, (100_000, 130_000), &[]);
    system.spans[relay].trace = 2;
    system.sql(relay, ORDERS, "SELECT * FROM outbox WHERE sent = false", (101_000, 102_000));
    system.span(
        ("orders", "order.created publish", "producer"),
        Some(relay),
        (103_000, 104_000),
        &[
            ("messaging.system", "kafka"),
            ("messaging.destination.name", "order.created"),
            ("messaging.operation.type", "send"),
        ],
    );
    system
}
