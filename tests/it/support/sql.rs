//! Speaks to a server as a test does: plain text in, rows of text out.

use tenantctl::catalog::{self, Snapshot};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// Rows of columns; `None` is null.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// The server's refusal.
#[derive(Debug)]
pub(crate) struct Refused {
    /// SQLSTATE; empty when it was not the server that refused.
    pub(crate) code: String,
    pub(crate) message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

/// A session that stays open: what it locked stays locked between calls.
pub(crate) struct Session {
    client: Option<Client>,
    connection: Option<JoinHandle<()>>,
    runtime: Runtime,
}

impl Session {
    pub(crate) fn open(url: &str) -> Result<Self, Refused> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let config: Config = url.parse().unwrap();
        let (client, connection) = runtime.block_on(config.connect(NoTls)).map_err(refused)?;
        let connection = runtime.spawn(async move {
            // Its end is also the end of the statement that waits, which reports it.
            let _ = connection.await;
        });
        Ok(Self {
            client: Some(client),
            connection: Some(connection),
            runtime,
        })
    }

    /// Runs statements and returns the rows of all of them.
    pub(crate) fn ask(&self, sql: &str) -> Result<Rows, Refused> {
        Ok(self.sets(sql)?.into_iter().flatten().collect())
    }

    /// Runs statements and returns the rows of each that has columns, also where there is none.
    pub(crate) fn sets(&self, sql: &str) -> Result<Vec<Rows>, Refused> {
        let client = self.client.as_ref().unwrap();
        let messages = self.runtime.block_on(client.simple_query(sql));
        let mut sets: Vec<Rows> = Vec::new();
        for message in messages.map_err(refused)? {
            match message {
                SimpleQueryMessage::RowDescription(_) => sets.push(Rows::new()),
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|index| row.get(index).map(str::to_owned));
                    sets.last_mut().unwrap().push(values.collect());
                }
                _ => {}
            }
        }
        Ok(sets)
    }

    /// Runs statements that must succeed.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> Rows {
        self.ask(sql)
            .unwrap_or_else(|why| panic!("{why}, running:\n{sql}"))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.client.take());
        if let Some(connection) = self.connection.take() {
            // Waits until the server has been told, so that the next statement sees its locks gone.
            let _ = self.runtime.block_on(connection);
        }
    }
}

fn refused(error: tokio_postgres::Error) -> Refused {
    match error.as_db_error() {
        Some(server) => Refused {
            code: server.code().code().to_owned(),
            message: server.message().to_owned(),
        },
        None => Refused {
            code: String::new(),
            message: format!("{:#}", anyhow::Error::from(error)),
        },
    }
}

/// The catalogs as the program reads them.
pub(crate) fn snapshot(url: &str) -> Snapshot {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config: Config = url.parse().unwrap();
        let (client, connection) = config.connect(NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        catalog::begin(&client).await.unwrap();
        let snapshot = catalog::load(&client).await.unwrap();
        drop(client);
        let _ = connection.await;
        snapshot
    })
}
