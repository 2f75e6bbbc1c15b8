//! How the attacker gets in: as a real login, or as the administrator who becomes the role.

use anyhow::{Context as _, Result};

use crate::exit::usage;
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session, quote};

/// Where attacks come from.
pub(super) struct Attacker {
    pub(super) connector: Connector,
    /// Whether it is the role's own login.
    pub(super) as_login: bool,
    /// What opens a transaction of his: nothing, or SET LOCAL ROLE.
    pub(super) opening: String,
    /// Why it is no login.
    pub(super) note: Option<String>,
}

impl Attacker {
    /// Finds a way in: the login that was given, one by libpq's ways, SET ROLE.
    pub(super) async fn find(
        admin: &Connector,
        given: Option<&Connector>,
        role: &str,
    ) -> Result<Self> {
        if let Some(connector) = given {
            let session = connector.open(Purpose::Attack).await?;
            check(&session, connector, admin, role).await?;
            session.close().await;
            return Ok(Self::login(connector.clone()));
        }
        let failure = match admin.at(admin.target().clone().with_user(role)) {
            Ok(connector) => match connector.open(Purpose::Attack).await {
                Ok(session) => {
                    check(&session, &connector, admin, role).await?;
                    session.close().await;
                    return Ok(Self::login(connector));
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        Self::by_set_role(admin, role, &failure).await
    }

    /// Opens an attacking session.
    pub(super) async fn open(&self) -> Result<Session> {
        self.connector.open(Purpose::Attack).await
    }

    fn login(connector: Connector) -> Self {
        Self {
            connector,
            as_login: true,
            opening: String::new(),
            note: None,
        }
    }

    async fn by_set_role(admin: &Connector, role: &str, failure: &anyhow::Error) -> Result<Self> {
        let opening = format!("{};", set_role(role));
        let session = admin.open(Purpose::Attack).await?;
        session
            .batch_execute(&format!("begin; {opening} rollback"))
            .await
            .map_err(explain)
            .with_context(|| {
                format!("cannot attack as {role}: no login ({failure:#}), and SET ROLE is refused")
            })?;
        session.close().await;
        Ok(Self {
            connector: admin.clone(),
            as_login: false,
            note: Some(format!(
                "attacked with SET ROLE {} inside of an administrator's transaction, not as a \
                 login of its own, because there is none: {failure:#}; settings of the role \
                 (ALTER ROLE … SET) and pg_hba.conf were not part of it; give --app-url",
                quote::ident(role)
            )),
            opening,
        })
    }
}

/// Becoming a role for the rest of a transaction.
pub(super) fn set_role(role: &str) -> String {
    format!("set local role {}", quote::ident(role))
}

/// Makes sure that the login is the application role, in the database that is being looked at.
pub(super) async fn check(
    session: &Session,
    connector: &Connector,
    admin: &Connector,
    role: &str,
) -> Result<()> {
    let who = identity(session).await?;
    if who.session_user != role || who.current_user != role {
        let found = if who.session_user == role {
            &who.current_user
        } else {
            &who.session_user
        };
        return Err(usage(format!(
            "{} is not the application role: [tenancy] app_role is {role}, the login acts as \
             {found}",
            connector.label()
        )));
    }
    let other = admin.open(Purpose::Read).await?;
    let there = identity(&other).await?;
    other.close().await;
    if who.place != there.place {
        return Err(usage(format!(
            "the application's login and the administrator's are not in the same database: {} and \
             {}",
            connector.label(),
            admin.label()
        )));
    }
    Ok(())
}

struct Identity {
    session_user: String,
    current_user: String,
    place: Vec<Option<String>>,
}

async fn identity(session: &Session) -> Result<Identity> {
    // When the server started tells two servers apart; every role may ask.
    let sql = "select session_user::text, current_user::text, pg_catalog.current_database()::text, \
               (select d.oid::text from pg_catalog.pg_database d \
                where d.datname = pg_catalog.current_database()), \
               pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::text";
    let rows = session
        .query_typed(sql, &[])
        .await
        .map_err(explain)
        .context("cannot tell who the login is")?;
    let row = rows.first().context("cannot tell who the login is")?;
    let text = |at: usize| row.try_get::<_, Option<String>>(at).map_err(explain);
    Ok(Identity {
        session_user: text(0)?.unwrap_or_default(),
        current_user: text(1)?.unwrap_or_default(),
        place: vec![text(2)?, text(3)?, text(4)?],
    })
}
