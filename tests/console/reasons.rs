//! Who looks after the machine reads no case but for a reason, and coordinators see it.

use crate::console_support::{PASSWORD, Visitor};
use crate::{CALLER, coordinator, one_call, scene};

const REASON: &str = "La scheda non si apre a Carla: guardo perché.";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_reason_no_case_and_with_one_that_case_alone_to_this_visit_alone() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let read = format!("/straordinario/polaris-br4/{number}");
    let mut furio = Visitor::of_role(&place, window, "furio", "administrator", &[]);
    for (address, status) in [
        (format!("/schede/polaris-br4/{number}"), 403),
        ("/schede".into(), 403),
        (read.clone(), 403),
    ] {
        let refused = furio.get(&address);
        assert_eq!(refused.status, status, "{address}");
        assert!(!refused.body.contains("Ada Greco prende"), "{}", refused.body);
    }
    let ask = |furio: &mut Visitor, number: &str, reason: &str| {
        let fields = [("servizio", "polaris-br4"), ("numero", number), ("motivo", reason)];
        furio.post("/straordinario", &fields)
    };
    for (number, reason, sentence) in [
        (number.as_str(), "", "Senza un motivo"),
        (&number, "guasto", "troppo breve"),
        ("417", REASON, "non è un numero di scheda"),
        ("2020-0001", REASON, "non ha la scheda 2020-0001"),
    ] {
        let refused = ask(&mut furio, number, reason);
        assert_eq!(refused.status, 422, "{number} {reason}");
        for word in [sentence, number, reason] {
            assert!(refused.body.contains(word), "{word}: {}", refused.body);
        }
        assert_eq!(furio.get(&read).status, 403, "{number} {reason}");
    }
    assert_eq!(ask(&mut furio, &number, REASON).sends_to(), read);
    let page = furio.get(&read);
    assert!(page.status == 200 && page.body.contains("Ada Greco prende"), "{}", page.body);
    for never in [CALLER, "mostra il numero", "Salva la scheda", "Aggiungi una nota", "<audio"] {
        assert!(!page.body.contains(never), "{never}: {}", page.body);
    }
    assert_eq!(furio.get(&format!("/schede/polaris-br4/{number}")).status, 403);
    assert_eq!(furio.get(&format!("/schede/polaris-br4/{number}/stampa")).status, 403);
    // Whoever comes in anew gives a reason anew.
    let mut again = Visitor { cookie: None, ..furio.clone() };
    again.post("/entra", &[("nome", "furio"), ("password", PASSWORD)]);
    again.get("/entra/codice");
    let code = again.code(1);
    again.post("/entra/codice", &[("codice", &code)]).sends_to();
    assert_eq!(again.get(&read).status, 403);
    assert_eq!(furio.get(&read).status, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_coordinator_of_the_service_sees_it_and_says_so() {
    let (place, service, window) = scene().await;
    let number = one_call(&place, &service, "1").await;
    let mut carla = coordinator(&place, window);
    let lecce = ["--service", "pis-lecce"];
    let mut other = Visitor::of_role(&place, window, "lucia", "coordinator", &lecce);
    let mut furio = Visitor::of_role(&place, window, "furio", "administrator", &[]);
    let none = carla.get("/straordinari");
    assert!(none.body.contains("Nessuno ha letto schede"), "{}", none.body);
    let mut events = carla.watch();
    let fields = [("servizio", "polaris-br4"), ("numero", &number), ("motivo", REASON)];
    furio.post("/straordinario", &fields);
    furio.get(&format!("/straordinario/polaris-br4/{number}"));
    events.until(&["1 scheda letta con accesso straordinario"]);
    let list = carla.get("/straordinari");
    for word in [REASON, &number, "furio", "Nessuno ha ancora confermato"] {
        assert!(list.body.contains(word), "{word}: {}", list.body);
    }
    let elsewhere = other.get("/straordinari");
    assert!(!elsewhere.body.contains(REASON), "{}", elsewhere.body);
    let which = list.between("name=\"quale\" value=\"", "\"").to_owned();
    assert_eq!(other.post("/straordinari", &[("quale", &which)]).status, 404);
    carla.post("/straordinari", &[("quale", &which)]).sends_to();
    let seen = carla.get("/straordinari");
    assert!(seen.body.contains("Visto da carla") && !seen.body.contains(">ho visto<"));
    assert!(carla.get(&format!("/schede/polaris-br4/{number}")).body.contains(REASON));
    let mut auditor = Visitor::of_role(&place, window, "rita", "auditor", &[]);
    let audit = auditor.get("/registro");
    for word in [
        ">accesso straordinario<",
        REASON,
        "scheda letta con accesso straordinario",
        "accesso straordinario visto",
        "è integro",
    ] {
        assert!(audit.body.contains(word), "{word}: {}", audit.body);
    }
    service.stop().await;
}
