//! The plans as they are read in the console: what the check finds of what callers hear.

use crate::console_support::{Answer, Visitor, shown};
use crate::coordinator;
use crate::line_support::{ADA, Place, lane};
use crate::voice::scene_with_own_recordings;

/// What the check says.
fn findings(visitor: &mut Visitor) -> String {
    let page: Answer = visitor.get("/piani");
    page.between(">Controllo</h2>", "<section").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_warning_of_the_check_is_shown_with_its_place_in_the_plan() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    place.edit_plan(
        "comune \"074010\" \"Mesagne\" { patron none; };",
        "comune \"074010\" \"Mesagne\";",
    );
    let (service, window) = shown(&place).await;
    let mut carla = coordinator(&place, window);
    let found = findings(&mut carla);
    for words in ["<b>Attenzione</b> da guardare", "manca il giorno del patrono", "plan.kdl"] {
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(!found.contains("Nessun problema"), "{found}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_published_is_looked_over_anew() {
    let (place, service, window) = scene_with_own_recordings().await;
    let mut carla = coordinator(&place, window);
    let before = findings(&mut carla);
    assert!(before.contains("Attese massime"), "{before}");
    assert_eq!(findings(&mut carla), before);
    let welcome = "/voce/it/welcome.polaris";
    let text = [("testo", "Pronto intervento: resti in linea.")];
    carla.post(&format!("{welcome}/testo"), &text).sends_to();
    carla.get(welcome);
    assert_eq!(findings(&mut carla), before, "a trial is nobody's");
    carla.post(&format!("{welcome}/pubblica"), &[]).sends_to();
    // It lasts longer than the noise that was there: so do the waits.
    assert_ne!(findings(&mut carla), before);
    service.stop().await;
}
