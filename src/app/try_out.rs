//! `polaris try`: a telephone in the terminal.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::time::Instant;

use super::command::Exit;
use super::house::shelf_codes;
use super::phone::{Do, Phone, Told};
use super::recognise::Recogniser;
use crate::voice::Recordings;
use crate::words::{Clock, Digit, SystemClock};

#[derive(Debug, Args)]
pub(super) struct Try {
    /// Chi chiamare: `sip:+390831000000@127.0.0.1:5080`.
    uri: String,
    /// Tasti da premere dopo la risposta; `w` aspetta mezzo secondo, `W` due secondi.
    #[arg(long, default_value = "")]
    keys: String,
    /// Un file WAV da dire dopo la risposta (8 kHz, mono, 16 bit).
    #[arg(long, value_name = "WAV")]
    say: Option<PathBuf>,
    /// Dove scrivere ciò che si sente.
    #[arg(long, value_name = "WAV")]
    hear: Option<PathBuf>,
    /// Dopo quanti secondi riagganciare.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Il numero di chi chiama.
    #[arg(long, default_value = "+390831555555")]
    from: String,
}

/// One thing `--keys` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    Press(Digit),
    Wait(Duration),
}

pub(super) async fn try_out(options: Try) -> anyhow::Result<Exit> {
    let (to, server) = parse_uri(&options.uri)?;
    let strokes = parse_keys(&options.keys)?;
    let say = options.say.as_deref().map(read_wav).transpose()?;
    let here = UdpSocket::bind(if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })
        .and_then(|socket| socket.connect(server).and_then(|()| socket.local_addr()))
        .context("nessuna strada porta a quel servizio")?;
    let recordings = Recordings::embedded();
    let ear = Recogniser::new(shelf_codes(&recordings));
    let phone = Phone::plug_in(SocketAddr::new(here.ip(), 0), ear).await?;
    phone.order(Do::Dial { to, server, from: options.from.clone() });
    let length = Duration::from_secs(options.seconds.min(7_200));
    let (phone, answered) = talk(phone, &recordings, &strokes, say, length).await;
    let heard = phone.unplug().await;
    if let Some(file) = &options.hear {
        write_wav(file, &heard)?;
        println!("{} secondi scritti in {}", heard.len() / 8_000, file.display());
    }
    Ok(if answered { Exit::Done } else { Exit::Problems })
}

/// Lives through the call, saying what happens; returns whether it was answered.
async fn talk(
    mut phone: Phone,
    recordings: &Recordings,
    strokes: &[Stroke],
    mut say: Option<Vec<i16>>,
    length: Duration,
) -> (Phone, bool) {
    let clock = SystemClock::start();
    let began = Instant::from_std(clock.instant_of(clock.now()));
    let mut strokes = strokes.iter();
    let mut next_stroke = None;
    let mut answered = false;
    let print = |text: String| println!("{:6.1}  {text}", clock.now().since_start().as_secs_f64());
    loop {
        let stroke_due = next_stroke.unwrap_or(began + length);
        tokio::select! {
            told = phone.told.recv() => match told {
                Some(Told::Ringing) => print("squilla".into()),
                Some(Told::Answered) => {
                    answered = true;
                    next_stroke = Some(Instant::from_std(clock.instant_of(clock.now())));
                    say.take().into_iter().for_each(|samples| phone.order(Do::Say(samples)));
                    print("risponde".into());
                }
                Some(Told::Heard(heard)) => {
                    let text = recordings.text(heard.language, &heard.prompt).unwrap_or_default();
                    print(format!("si sente {}: «{text}»", heard.prompt));
                }
                Some(Told::Failed(status)) => {
                    print(format!("non risponde: {status}"));
                    return (phone, answered);
                }
                Some(Told::HungUp) | None => {
                    print("riaggancia".into());
                    return (phone, answered);
                }
                Some(Told::Key(digit)) => print(format!("dall'altra parte si preme {digit}")),
                Some(Told::Incoming) => phone.order(Do::Decline(486)),
            },
            () = tokio::time::sleep_until(stroke_due), if next_stroke.is_some() => {
                next_stroke = strokes.next().map(|stroke| match stroke {
                    Stroke::Press(digit) => {
                        print(format!("premo {digit}"));
                        phone.order(Do::Press(*digit));
                        stroke_due
                    }
                    Stroke::Wait(pause) => stroke_due + *pause,
                });
            }
            () = tokio::time::sleep_until(began + length) => {
                print("riaggancio".into());
                return (phone, answered);
            }
        }
    }
}

/// `sip:NUMBER@HOST[:PORT]`, with or without `sip:`.
fn parse_uri(uri: &str) -> anyhow::Result<(String, SocketAddr)> {
    let bare = uri.strip_prefix("sip:").unwrap_or(uri);
    let bare = bare.split([';', '?']).next().unwrap_or_default();
    let Some((number, host)) = bare.split_once('@') else {
        bail!("«{uri}» non si capisce: scrivi sip:+390831000000@127.0.0.1:5080");
    };
    let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:5060") };
    let server = with_port.to_socket_addrs().ok().and_then(|mut all| all.next());
    let server = server.with_context(|| format!("«{host}» non è un indirizzo"))?;
    Ok((number.to_owned(), server))
}

pub(super) fn parse_keys(keys: &str) -> anyhow::Result<Vec<Stroke>> {
    keys.chars()
        .map(|key| match key {
            'w' => Ok(Stroke::Wait(Duration::from_millis(500))),
            'W' => Ok(Stroke::Wait(Duration::from_secs(2))),
            _ => Digit::try_from(key)
                .map(Stroke::Press)
                .with_context(|| format!("«{key}» in --keys: usa 0-9 * # w W")),
        })
        .collect()
}

fn read_wav(file: &Path) -> anyhow::Result<Vec<i16>> {
    let name = file.display();
    let reader = hound::WavReader::open(file)
        .with_context(|| format!("{name}: non si può leggere come WAV"))?;
    let spec = reader.spec();
    if (spec.sample_rate, spec.channels, spec.bits_per_sample) != (8_000, 1, 16) {
        bail!("{name}: serve un WAV a 8 kHz, mono, 16 bit");
    }
    Ok(reader.into_samples().collect::<Result<_, _>>()?)
}

fn write_wav(file: &Path, samples: &[i16]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let name = file.display();
    let mut writer = hound::WavWriter::create(file, spec)
        .with_context(|| format!("{name}: non si può scrivere"))?;
    for sample in samples {
        writer.write_sample(*sample)?;
    }
    writer.finalize()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_a_number_and_a_server() {
        let (number, server) = parse_uri("sip:+390831000000@127.0.0.1:5080").unwrap();
        assert_eq!(
            (number.as_str(), server.to_string().as_str()),
            ("+390831000000", "127.0.0.1:5080")
        );
        assert_eq!(parse_uri("112@127.0.0.1").unwrap().1.port(), 5060);
        assert!(parse_uri("127.0.0.1").is_err());
    }

    #[test]
    fn keys_are_pressed_and_waits_are_waited() {
        assert_eq!(parse_keys("wW").unwrap().len(), 2);
        assert!(matches!(parse_keys("2").unwrap()[..], [Stroke::Press(_)]));
        assert!(parse_keys("x").is_err());
    }
}
