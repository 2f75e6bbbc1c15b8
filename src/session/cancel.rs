//! One cancel request, sent so that poolers forward it too.
//!
//! The driver's own request hangs up at once. PgBouncer drops the request of a client that is gone,
//! and versions up to 1.19.0 even exit when it goes while they forward the request
//! (<https://github.com/pgbouncer/pgbouncer/issues/801>). libpq waits for the other side to hang up,
//! and so does this; by then the server has also read the request.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::CancelToken;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conninfo::{Endpoint, Host};

/// Where a session is connected to.
#[derive(Clone)]
enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// All that it takes to cancel what one session is running.
#[derive(Clone)]
pub(super) struct Canceller {
    token: CancelToken,
    address: Option<Address>,
    /// The name that the certificate is checked against.
    name: String,
    tls: MakeRustlsConnect,
}

impl Canceller {
    pub(super) fn new(
        token: CancelToken,
        (endpoint, at): (&Endpoint, Option<IpAddr>),
        tls: &MakeRustlsConnect,
    ) -> Self {
        let port = endpoint.port;
        let (address, name) = match &endpoint.host {
            Host::Tcp(name) => (at.map(|ip| Address::Tcp((ip, port).into())), name.clone()),
            Host::Unix(dir) => (
                Some(Address::Unix(dir.join(format!(".s.PGSQL.{port}")))),
                String::new(),
            ),
        };
        Self {
            token,
            address,
            name,
            tls: tls.clone(),
        }
    }

    /// Asks, and waits until the request was read. Best effort: a session that has just ended
    /// cannot be cancelled.
    pub(super) async fn cancel(self) {
        let _ = match &self.address {
            Some(Address::Tcp(address)) => match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Or the last few bytes wait for an acknowledgement that comes 40 ms later.
                    let _ = stream.set_nodelay(true);
                    self.send(stream).await
                }
                Err(_) => return,
            },
            #[cfg(unix)]
            Some(Address::Unix(path)) => match tokio::net::UnixStream::connect(path).await {
                Ok(stream) => self.send(stream).await,
                Err(_) => return,
            },
            _ => return,
        };
    }

    async fn send<S>(&self, stream: S) -> Result<(), tokio_postgres::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut make = self.tls.clone();
        let Ok(tls) = MakeTlsConnect::<Patient<S>>::make_tls_connect(&mut make, &self.name);
        self.token
            .cancel_query_raw(Patient(stream), PatientTls(tls))
            .await
    }
}

/// A stream that, told to shut down, first waits for the other side to do so.
struct Patient<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut bytes = [0; 64];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
        }
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Patient<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.channel_binding()
    }
}

/// TLS on top of a stream, patient as well: its farewell would be read as hanging up.
struct PatientTls<T>(T);

impl<S, T> TlsConnect<S> for PatientTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = Patient<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connecting = self.0.connect(stream);
        Box::pin(async move { connecting.await.map(Patient) })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn hangs_up_second() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(64);
            let sending = tokio::spawn(async move {
                let mut patient = Patient(ours);
                patient.write_all(b"request").await.unwrap();
                patient.shutdown().await.unwrap();
            });
            let mut request = [0; 7];
            theirs.read_exact(&mut request).await.unwrap();
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            assert!(!sending.is_finished());
            drop(theirs);
            sending.await.unwrap();
        });
    }
}
