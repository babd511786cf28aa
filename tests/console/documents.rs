//! Documents of a case: sealed, downloaded only, withdrawn and never deleted.

use crate::console_support::{Answer, Visitor};
use crate::{coordinator, one_call, scene};

const PDF: &[u8] = b"%PDF-1.4 Segretissima";

fn base(page: &Answer) -> String {
    page.between("name=\"base\" value=\"", "\"").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_document_is_sealed_downloaded_as_a_file_and_withdrawn_with_a_reason() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}");
    let mut ada = Visitor::of_role(&place, window, "ada", "responder", &["--person", "Ada Greco"]);
    let mut carla = coordinator(&place, window);
    let upload = |who: &mut Visitor, name: &str, bytes: &[u8]| {
        let seen = base(&who.get(&address));
        who.upload(&format!("{address}/allegato"), &[("base", &seen)], (name, bytes))
    };
    for (name, bytes, sentence) in [
        ("programma.pdf", &b"MZ\x90\0"[..], "non è un documento che si possa allegare"),
        ("vuoto.pdf", b"", "Scelga il documento"),
        ("grande.pdf", &[b'%'; 11 * 1024 * 1024], "troppo grande: al massimo 10 MB"),
    ] {
        let refused = upload(&mut ada, name, bytes);
        assert_eq!(refused.status, 422, "{name}");
        assert!(refused.body.contains("id=\"m-allegato\" open"), "{}", refused.body);
        let said = refused.between("id=\"w-allegato-documento\">", "<");
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
    assert!(!place.path("data/attachments").exists());
    let attached = upload(&mut ada, "../verbale perché.pdf", PDF);
    assert!(attached.sends_to().ends_with("#storia"), "{attached:?}");
    let page = carla.get(&address);
    assert!(page.body.contains("verbale perché.pdf</a> (PDF, 1 kB), di ada"), "{}", page.body);
    let link = page.between("/allegato/", "\"").to_owned();
    let file = carla.get(&format!("{address}/allegato/{link}"));
    assert_eq!((file.status, file.body.as_bytes()), (200, PDF));
    let disposition = file.header("content-disposition").unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"verbale perch_.pdf\""),
        "{disposition}"
    );
    assert_eq!(file.header("content-type"), Some("application/pdf"));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    for kept in std::fs::read_dir(place.path("data/attachments")).unwrap() {
        let bytes = std::fs::read(kept.unwrap().path()).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"Segretissima"));
    }
    let seen = base(&page);
    let withdraw = |who: &mut Visitor, reason: &str| {
        let fields = [("quale", link.as_str()), ("motivo", reason), ("base", &seen)];
        who.post(&format!("{address}/allegato/ritira"), &fields)
    };
    let long = "x".repeat(10_001);
    for (reason, sentence) in [(" ", "scriva il motivo"), (&long, "troppo lungo")] {
        let refused = withdraw(&mut carla, reason);
        assert_eq!(refused.status, 422, "{sentence}");
        assert!(refused.body.contains(&format!("id=\"m-ritira-{link}\" open")), "{sentence}");
        let said = refused.between(&format!("id=\"w-ritira-{link}-motivo\">"), "<");
        assert!(said.contains(sentence), "{sentence}: {said}");
        let typed = format!("name=\"motivo\" value=\"{}\"", reason.trim());
        assert!(refused.body.contains(&typed), "what was typed is lost: {sentence}");
    }
    assert_eq!(withdraw(&mut carla, "Era di un altro caso.").status, 303);
    let page = ada.get(&address);
    assert!(page.body.contains("Era di un altro caso."), "{}", page.body);
    assert_eq!(ada.get(&format!("{address}/allegato/{link}")).status, 404);
    assert_eq!(carla.get(&format!("{address}/allegato/{link}")).status, 200);
    for nothing in ["9", "x", "2"] {
        assert_eq!(carla.get(&format!("{address}/allegato/{nothing}")).status, 404, "{nothing}");
    }
    let mut auditor = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = auditor.get("/registro");
    for word in ["documento allegato", "documento scaricato", "documento ritirato"] {
        assert!(audit.body.contains(word), "{word}: {}", audit.body);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_another_site_sends_or_that_belongs_to_no_visit_is_not_read() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let address = format!("/schede/polaris-br4/{number}/allegato");
    let mut carla = coordinator(&place, window);
    let mut stale = Visitor { csrf: "0".repeat(32), ..carla.clone() };
    assert_eq!(stale.upload(&address, &[("base", "0")], ("a.pdf", PDF)).status, 403);
    assert_eq!(carla.upload(&address, &[], ("a.pdf", PDF)).status, 400, "no base");
    assert_eq!(carla.post(&address, &[]).status, 400, "no file form at all");
    assert!(!place.path("data/attachments").exists());
    service.stop().await;
}
