//! What a statement does, by its words. It is not parsed: the first words of a statement, and its tables
//! behind `FROM`, `INTO`, `UPDATE` and `JOIN`, are enough, and work for every dialect.

/// What is done with a database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Access {
    /// Rows are read.
    Read,
    /// Rows are changed.
    Write,
    /// A transaction begins.
    Begin,
    /// A transaction commits.
    Commit,
    /// A transaction rolls back.
    Rollback,
    /// A transaction is prepared, to be decided by somebody else.
    Prepare,
    /// A prepared transaction commits.
    CommitPrepared,
    /// A prepared transaction rolls back.
    RollbackPrepared,
    /// The span does not say.
    Unknown,
}

/// The words of a statement in upper case, without its comments and literals.
fn tokens(statement: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let bytes: Vec<char> = statement.chars().collect();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        let next = bytes.get(at + 1).copied().unwrap_or(' ');
        let part = c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
        if part {
            token.extend(c.to_uppercase());
            at += 1;
            continue;
        }
        if !token.is_empty() {
            tokens.push(std::mem::take(&mut token));
        }
        at += match (c, next) {
            ('-', '-') => length(&bytes[at..], |rest| rest[0] == '\n', 0),
            ('/', '*') => length(&bytes[at..], |rest| rest.starts_with(&['*', '/']), 2),
            ('\'', _) => {
                tokens.push("?".to_owned());
                1 + length(&bytes[at + 1..], |rest| rest[0] == '\'', 1)
            }
            // A quoted name is a name.
            ('"' | '`' | '[' | ']', _) => 1,
            ('?' | '(' | ')' | ',' | ';' | '=' | '*', _) => {
                tokens.push(c.to_string());
                1
            }
            _ => 1,
        };
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

fn length(rest: &[char], ends: impl Fn(&[char]) -> bool, and: usize) -> usize {
    (0..rest.len()).find(|&at| ends(&rest[at..])).map_or(rest.len(), |at| at + and).max(1)
}

/// A statement without its literals and the length of its lists.
#[must_use]
pub fn shape(statement: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for token in tokens(statement) {
        let varies = token == "?"
            || token.starts_with(|c: char| c.is_ascii_digit() || c == '$')
            || token.starts_with("%S");
        let token = if varies { "?".to_owned() } else { token };
        // (?, ?, ?) is (?).
        let len = out.len();
        if token == "?" && len >= 2 && out[len - 1] == "," && out[len - 2] == "?" {
            out.pop();
        } else if token != "?" || out.last().is_none_or(|last| last != "?") {
            out.push(token);
        }
    }
    out.join(" ")
}

/// The first table of a statement.
#[must_use]
pub fn table(statement: &str) -> Option<String> {
    let tokens = tokens(statement);
    let at = tokens
        .iter()
        .position(|token| matches!(token.as_str(), "FROM" | "INTO" | "UPDATE" | "TABLE"))?;
    let name = tokens[at + 1..]
        .iter()
        .find(|token| !matches!(token.as_str(), "ONLY" | "IF" | "IGNORE" | "LOW_PRIORITY"))?;
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'));
    (plain && name.starts_with(|c: char| c.is_alphabetic() || c == '_')).then(|| name.clone())
}

/// What is done, by the operation's name, else the statement, else the span's name, which by the conventions
/// begins with the operation.
#[must_use]
pub fn access(
    system: &str,
    operation: Option<&str>,
    statement: Option<&str>,
    name: &str,
) -> Access {
    // The statement says most: an operation called `execute` says nothing.
    for text in [statement, operation].into_iter().flatten() {
        let found = of_words(system, &tokens(text));
        if found != Access::Unknown {
            return found;
        }
    }
    // `pg.query:INSERT shop`, `sqlalchemy execute SELECT`: what the library calls it may come first.
    let words = tokens(name);
    let found = (0..words.len().min(3)).map(|at| of_words(system, &words[at..]));
    found.into_iter().find(|found| *found != Access::Unknown).unwrap_or(Access::Unknown)
}

fn of_words(system: &str, words: &[String]) -> Access {
    let words: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !matches!(*word, "(" | ";")).collect();
    let first = words.first().copied().unwrap_or_default();
    // `mongodb.insert`, `Database.Find`, `INSERT shop.orders`.
    let last = first.rsplit('.').next().unwrap_or(first);
    let second = words.get(1).copied().unwrap_or_default();
    match (first, second) {
        ("PREPARE", "TRANSACTION") | ("XA", "PREPARE") => return Access::Prepare,
        ("COMMIT", "PREPARED") | ("XA", "COMMIT") => return Access::CommitPrepared,
        ("ROLLBACK", "PREPARED") | ("XA", "ROLLBACK") => return Access::RollbackPrepared,
        ("XA", "START" | "BEGIN") | ("BEGIN", _) | ("START", "TRANSACTION") => {
            return Access::Begin;
        }
        ("COMMIT", _) => return Access::Commit,
        ("ROLLBACK", "TO") => return Access::Unknown,
        ("ROLLBACK" | "ABORT", _) => return Access::Rollback,
        ("WITH" | "EXPLAIN", _) => {
            let writes =
                words.iter().any(|word| matches!(*word, "INSERT" | "UPDATE" | "DELETE" | "MERGE"));
            return if writes { Access::Write } else { Access::Read };
        }
        _ => {}
    }
    if matches!(system, "redis" | "valkey" | "memcached") {
        return of_redis(first);
    }
    match last {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "REPLACE" | "UPSERT" | "TRUNCATE" | "COPY"
        | "SAVE" | "REMOVE" | "INSERTONE" | "INSERTMANY" | "UPDATEONE" | "UPDATEMANY"
        | "DELETEONE" | "DELETEMANY" | "REPLACEONE" | "FINDANDMODIFY" | "FINDONEANDUPDATE"
        | "FINDONEANDDELETE" | "FINDONEANDREPLACE" | "BULKWRITE" | "PUTITEM" | "UPDATEITEM"
        | "DELETEITEM" | "BATCHWRITEITEM" | "TRANSACTWRITEITEMS" | "BULK" | "CREATE" | "PUT" => {
            Access::Write
        }
        "INDEX" if matches!(system, "elasticsearch" | "opensearch") => Access::Write,
        "QUERY" if system.contains("dynamodb") => Access::Read,
        "SELECT" | "SHOW" | "FIND" | "FINDONE" | "AGGREGATE" | "COUNT" | "COUNTDOCUMENTS"
        | "DISTINCT" | "GETMORE" | "GET" | "GETITEM" | "BATCHGETITEM" | "SCAN" | "SEARCH"
        | "MSEARCH" | "EXISTS" | "VALUES" => Access::Read,
        _ => Access::Unknown,
    }
}

fn of_redis(command: &str) -> Access {
    match command {
        "GET" | "MGET" | "HGET" | "HGETALL" | "HMGET" | "HEXISTS" | "EXISTS" | "TTL" | "LRANGE"
        | "LLEN" | "SMEMBERS" | "SISMEMBER" | "SCARD" | "ZRANGE" | "ZSCORE" | "ZCARD" | "KEYS"
        | "SCAN" | "HSCAN" | "STRLEN" | "TYPE" | "PING" | "GETRANGE" | "HLEN" | "HKEYS"
        | "HVALS" | "ZRANGEBYSCORE" | "XRANGE" | "XREAD" | "INFO" => Access::Read,
        "SET" | "SETEX" | "SETNX" | "MSET" | "HSET" | "HMSET" | "HSETNX" | "HDEL" | "DEL"
        | "UNLINK" | "INCR" | "INCRBY" | "DECR" | "DECRBY" | "HINCRBY" | "LPUSH" | "RPUSH"
        | "LPOP" | "RPOP" | "SADD" | "SREM" | "ZADD" | "ZREM" | "EXPIRE" | "PEXPIRE" | "APPEND"
        | "GETSET" | "XADD" | "PERSIST" | "RENAME" | "ADD" | "REPLACE" | "DELETE" | "CAS"
        | "FLUSHDB" => Access::Write,
        "MULTI" => Access::Begin,
        "EXEC" => Access::Commit,
        "DISCARD" => Access::Rollback,
        _ => Access::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_says_what_it_does() {
        let of = |text: &str| access("postgresql", None, Some(text), "");
        assert_eq!(of("/* c */ insert into a values (1)"), Access::Write);
        assert_eq!(of("-- x\nSELECT 1"), Access::Read);
        assert_eq!(of("WITH x AS (SELECT 1) UPDATE a SET b=1"), Access::Write);
        assert_eq!(of("PREPARE TRANSACTION 'T1'"), Access::Prepare);
        assert_eq!(of("xa commit 'a'"), Access::CommitPrepared);
        assert_eq!(of("START TRANSACTION"), Access::Begin);
        assert_eq!(of("CALL f()"), Access::Unknown);
        assert_eq!(access("mongodb", Some("findAndModify"), None, "x"), Access::Write);
        assert_eq!(access("redis", None, Some("HMSET a ? ?"), "x"), Access::Write);
        assert_eq!(access("mysql", Some("execute"), None, "SELECT shop.orders"), Access::Read);
        assert_eq!(access("mysql", None, None, "query"), Access::Unknown);
        assert_eq!(access("postgresql", None, None, "pg.query:INSERT shop"), Access::Write);
    }

    #[test]
    fn a_shape_leaves_out_what_varies() {
        assert_eq!(
            shape("SELECT * FROM a WHERE id IN (1, 2,3) AND n='it''s'"),
            shape("select * from a where id in (?) and n = ?")
        );
        assert_ne!(shape("SELECT * FROM a"), shape("SELECT * FROM b"));
        assert_eq!(shape("select 1 where x=$1"), shape("select 7 where x=?"));
    }

    #[test]
    fn a_table_is_found() {
        assert_eq!(table("INSERT INTO \"Orders\" (id) VALUES (1)").as_deref(), Some("ORDERS"));
        assert_eq!(table("update only shop.orders set a=1").as_deref(), Some("SHOP.ORDERS"));
        assert_eq!(table("select 1"), None);
        assert_eq!(table("select * from (select 1)"), None);
    }
}
