// What must be live is: clocks run, the board and the strip change as things happen. All
// else works without this file; what is typed is kept by copies.js.
"use strict";

function span(seconds) {
  if (seconds < 60) return seconds + " s";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes + " min " + String(seconds % 60).padStart(2, "0") + " s";
  return Math.floor(minutes / 60) + " h " + String(minutes % 60).padStart(2, "0") + " min";
}

function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Number(time.dataset.since)) / 1000));
    time.textContent = span(seconds);
    const clock = time.closest(".clock");
    if (!clock || !time.dataset.red) continue;
    const [tone, word] = seconds >= Number(time.dataset.red) ? ["bad", time.dataset.redWord]
      : seconds >= Number(time.dataset.amber) ? ["watch", time.dataset.amberWord]
      : ["good", "in tempo"];
    clock.className = "clock " + tone;
    clock.querySelector("b").textContent = word;
  }
}

// What rings; there is none until it is wished for.
let bell = null;

function ring() {
  if (!document.getElementById("suono").checked || bell?.state !== "running") return;
  for (const at of [0, 0.25]) {
    const tone = bell.createOscillator();
    const volume = bell.createGain();
    volume.gain.value = 0.2;
    tone.frequency.value = 880;
    tone.connect(volume).connect(bell.destination);
    tone.start(bell.currentTime + at);
    tone.stop(bell.currentTime + at + 0.15);
  }
}

// The board is drawn anew with every step of a call; aloud is said only how many there are.
function tell(calls) {
  const words = calls === 0 ? "Nessuna chiamata in corso."
    : calls === 1 ? "Una chiamata in corso." : calls + " chiamate in corso.";
  const aloud = document.getElementById("quante");
  if (aloud.textContent !== words) aloud.textContent = words;
}

function live() {
  const board = document.querySelector("[data-events]");
  if (!board) return;
  const line = document.getElementById("linea");
  const title = document.title;
  const going = () => [...document.querySelectorAll("[data-call]:not(.over)")].map((card) => card.dataset.call);
  // Every call that was ever seen here: one that ends as another begins hides no ring.
  const known = new Set(going());
  const put = (part) => (event) => {
    const target = document.querySelector('[data-live="' + part + '"]');
    const held = target.contains(document.activeElement) ? document.activeElement : null;
    const again = held?.id ? "#" + CSS.escape(held.id)
      : held?.hasAttribute("href") ? 'a[href="' + CSS.escape(held.getAttribute("href")) + '"]'
      : null;
    target.innerHTML = event.data;
    if (again) target.querySelector(again)?.focus();
    tick();
    const calls = going();
    document.title = calls.length ? "(" + calls.length + ") " + title : title;
    if (part === "board") {
      tell(calls.length);
      if (calls.some((call) => !known.has(call))) ring();
      calls.forEach((call) => known.add(call));
    }
  };
  const watch = () => {
    const events = new EventSource(board.dataset.events);
    events.addEventListener("strip", put("strip"));
    events.addEventListener("board", put("board"));
    events.onopen = () => { line.textContent = ""; };
    events.onerror = () => {
      line.textContent = "Collegamento interrotto: si riprova da soli.";
      // Whoever was refused is not asked again by the browser.
      if (events.readyState === EventSource.CLOSED) setTimeout(watch, 10000);
    };
  };
  watch();
}

// The wish is remembered; a page that nobody has touched yet may not sound, and says so.
function sound() {
  const wanted = document.getElementById("suono");
  if (!wanted) return;
  const mute = document.getElementById("muto");
  const press = mute.querySelector("button");
  const show = () => {
    const silent = wanted.checked && bell?.state !== "running";
    if (!silent && document.activeElement === press) wanted.focus();
    mute.hidden = !silent;
  };
  const hang = () => {
    if (wanted.checked && !bell) {
      bell = new AudioContext();
      bell.onstatechange = show;
    }
    show();
  };
  wanted.checked = localStorage.getItem("suono") === "1";
  wanted.addEventListener("change", () => {
    localStorage.setItem("suono", wanted.checked ? "1" : "0");
    hang();
    if (wanted.checked) bell.resume().then(show);
  });
  press.addEventListener("click", () => bell.resume().then(show));
  hang();
}

tick();
setInterval(tick, 1000);
live();
sound();
