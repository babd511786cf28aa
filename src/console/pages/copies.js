// What is typed about a case, or for a recording, stays in this browser until the server has
// said that it is saved: no lost connection, ended visit or page of an error takes it away.
// A copy is found again by its account alone: whoever else comes in at this tab drops it, and
// the door names no page of it. Leaving takes all of them away; the server has the browser
// clear those of other tabs, too. The draft of a scheda goes to the server besides, while it
// is typed.
"use strict";

const PREFIX = "copia:";
const LEAVING = "copie:via";
// Milliseconds: after the last key, after a failure, for an answer.
const [PAUSE, AGAIN, WAIT_MAX] = [1200, 5000, 15000];
const UNTYPED = ["button", "fieldset", "file", "hidden", "password", "submit"];

// A browser that keeps nothing for us still sends forms.
const kept = {
  get(key) { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } },
  put(key, copy) { try { sessionStorage.setItem(key, JSON.stringify(copy)); } catch { /* full */ } },
  drop(key) { try { sessionStorage.removeItem(key); } catch { /* refused */ } },
  all() { try { return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)); } catch { return []; } },
  sent() { return this.all().filter((key) => this.get(key)?.sent); },
};

const typedIn = (form) => [...form.elements].filter((field) => field.name && !UNTYPED.includes(field.type));
const ticks = (field) => field.type === "checkbox" || field.type === "radio";

// What stands in the fields of a form, hidden ones left out: [name, value], in order.
function pairs(form) {
  return typedIn(form).filter((field) => !ticks(field) || field.checked).map((field) => [field.name, field.value]);
}

// As the server tells them apart: without blanks around, and what is empty left out.
function same(some, others) {
  const shape = (list) => JSON.stringify(list.map(([name, value]) => [name, value.trim()]).filter((pair) => pair[1]));
  return Boolean(some && others) && shape(some) === shape(others);
}

// Writes into the fields; what has no field here gets one, so that it is seen and sent.
function fill(form, list) {
  const fields = typedIn(form);
  for (const field of fields) {
    const values = list.filter((pair) => pair[0] === field.name).map((pair) => pair[1]);
    const state = () => (ticks(field) ? field.checked : field.value);
    const before = state();
    if (ticks(field)) field.checked = values.includes(field.value);
    else if (values.length) write(field, values[0]);
    if (state() !== before) unfold(field);
  }
  const homeless = ([name, value]) => value.trim() && !fields.some((field) => field.name === name);
  for (const [name, value] of list.filter(homeless)) form.lastElementChild.before(room(form, name, value));
}

function write(field, value) {
  const before = field.value;
  // «ieri» fits in no field of days, and was typed all the same.
  if (field.type.startsWith("date") && value && !/^\d{4}-\d{2}-\d{2}/.test(value)) field.type = "text";
  field.value = value;
  if (field.tagName === "SELECT" && field.value !== value) field.value = before;
}

// A field for a person that the page has no room for.
function room(form, name, value) {
  const [, block, person, rest] = name.match(/^(\w+)\.(\d+)\.(.+)$/) || [];
  const alike = person && form.querySelector('[name="' + CSS.escape(block + ".1." + rest) + '"]');
  const place = made("p", "", "field found");
  const label = made("label", (alike?.labels?.[0]?.textContent || name) + (person ? ", persona " + person : ""));
  const field = made("input");
  Object.assign(field, { name, value, id: label.htmlFor = "f-" + name });
  place.append(label, field);
  return place;
}

function unfold(field) {
  for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

function made(tag, text = "", look = "") {
  const part = document.createElement(tag);
  part.textContent = text;
  if (look) part.className = look;
  return part;
}

// One form, and the copy of what is typed in it.
class Sheet {
  constructor(form, account) {
    this.form = form;
    this.action = form.getAttribute("action");
    this.key = PREFIX + account + ":" + this.action + (form.elements.quale ? ":" + form.elements.quale.value : "");
    this.shown = pairs(form);
    this.base = form.elements.base?.value;
    // What the server showed or said that it has, and what was sent to it as a draft.
    this.seen = this.shown;
    this.tried = null;
    this.touched = false;
    this.sent = false;
    this.unanswered = false;
    this.draft = form.dataset.draft ? new Draft(this) : null;
  }

  // This page answers the form itself: it shows what was typed, and what others wrote since.
  answers() { return location.pathname === this.action; }

  // It is thrown away: a draft on its way or in this browser would bring it back.
  forget() {
    this.draft.stop();
    this.touched = false;
    kept.drop(this.key);
  }

  keep() {
    const typed = pairs(this.form);
    const nothing = !this.sent && !this.draft && !this.answers() && same(typed, this.shown);
    if (nothing) return kept.drop(this.key);
    const { seen, tried, sent, unanswered } = this;
    kept.put(this.key, { typed, base: this.form.elements.base?.value, seen, tried, sent, unanswered });
  }

  find(saved) {
    const copy = kept.get(this.key);
    if (this.answers()) {
      // It is not saved, and stands nowhere but here.
      this.seen = copy?.seen;
      this.keep();
      this.draft?.soon();
    } else if (copy && ((copy.sent && saved) || same(copy.typed, this.shown))) {
      kept.drop(this.key);
    } else if (copy && this.draft?.isOther(copy)) {
      // A newer draft of the same person, from elsewhere: which of them counts, they say.
      kept.drop(this.key);
      kept.put(this.key + ":altra", copy);
    } else if (copy) {
      this.restore(copy);
      const lost = ": mandato, ma senza risposta; guardi prima se è già nella storia.";
      announce(this, this.unanswered ? lost : "", [["butta", () => this.discard()]]);
    }
    const other = kept.get(this.key + ":altra");
    if (!other) return;
    const drop = () => kept.drop(this.key + ":altra");
    announce(this, ": è diversa dalla bozza che vede.", [["rimetti", () => { this.restore(other); drop(); }], ["butta", drop]]);
  }

  restore(copy) {
    this.unanswered = Boolean(copy.unanswered || copy.sent);
    fill(this.form, copy.typed);
    // From where it was typed on: what others wrote meanwhile is not undone by it.
    if (this.draft && copy.base) this.form.elements.base.value = copy.base;
    this.keep();
    this.draft?.soon();
  }

  discard() {
    this.form.reset();
    this.form.querySelectorAll(".found").forEach((place) => place.remove());
    if (this.draft) this.form.elements.base.value = this.base;
    this.unanswered = false;
    kept.drop(this.key);
    this.draft?.takeBack();
  }

  watch() {
    this.form.addEventListener("input", () => {
      [this.touched, this.sent] = [true, false];
      this.keep();
      this.draft?.soon();
    });
    this.form.addEventListener("submit", () => {
      // Of two that went, the next answer is about the last.
      for (const key of kept.sent()) kept.put(key, { ...kept.get(key), sent: false, unanswered: true });
      this.sent = true;
      this.draft?.stop();
      this.keep();
    });
    addEventListener("pagehide", () => { if (this.touched && !this.sent) this.keep(); });
    // One came back to it: no answer was heard.
    addEventListener("pageshow", (event) => {
      if (!event.persisted || !this.sent) return;
      [this.sent, this.unanswered] = [false, true];
      this.keep();
    });
  }

  title() {
    const fold = this.form.parentElement.matches("details") && this.form.parentElement.querySelector("summary");
    const title = fold || (this.draft && this.form.closest("section").querySelector("h2"));
    return (title || this.form.querySelector("button")).textContent;
  }
}

// The draft of a scheda on the server: one request at a time, until it has what stands there.
class Draft {
  constructor(sheet) {
    this.sheet = sheet;
    this.address = sheet.form.dataset.draft;
    const away = document.querySelector('form[action="' + CSS.escape(this.address) + '/togli"]');
    this.there = Boolean(away);
    away?.addEventListener("submit", () => sheet.forget());
    this.timer = null;
    this.going = null;
    this.reached = false;
    addEventListener("online", () => { if (kept.get(sheet.key)) this.soon(0); });
  }

  // Whether the server shows a draft that this copy knows nothing of.
  isOther(copy) {
    const { shown } = this.sheet;
    return this.there && !same(copy.seen, shown) && !same(copy.tried, shown);
  }

  soon(after = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), after);
  }

  stop() {
    clearTimeout(this.timer);
    this.going?.abort();
    this.going = null;
  }

  async send() {
    // What is on its way goes on when it is answered.
    if (this.going) return;
    const { sheet } = this;
    const typed = sheet.tried = pairs(sheet.form);
    sheet.keep();
    const going = this.going = new AbortController();
    const patience = setTimeout(() => going.abort(), WAIT_MAX);
    const said = await this.post(this.address, new FormData(sheet.form), going.signal);
    clearTimeout(patience);
    if (this.going !== going) return;
    this.going = null;
    this.say(said.words);
    if (said.again) return this.soon(AGAIN);
    if (!said.kept) return;
    [sheet.seen, this.reached] = [typed, true];
    if (same(pairs(sheet.form), typed)) {
      sheet.touched = false;
      return kept.drop(sheet.key);
    }
    sheet.keep();
    this.soon(0);
  }

  async post(address, fields, signal) {
    const body = new URLSearchParams([...fields].filter((pair) => typeof pair[1] === "string"));
    try {
      const answer = await fetch(address, { method: "POST", body, redirect: "manual", signal });
      const words = answer.ok && answer.headers.get("content-type")?.startsWith("text/plain") && await answer.text();
      if (words) return { kept: true, words };
      // A way to the door, or a page that says why not: trying again is of no use.
      if (answer.type === "opaqueredirect" || answer.status < 500) return { words: ENDED };
    } catch { /* nobody is there */ }
    return { again: true, words: CUT_OFF };
  }

  say(words) {
    const status = document.getElementById("bozza");
    if (status.textContent !== words) status.textContent = words;
  }

  // The server's own again: the draft that was there, or none.
  takeBack() {
    this.stop();
    if (!this.reached) return this.say("");
    if (this.there) return this.soon(0);
    const { csrf } = this.sheet.form.elements;
    fetch(this.address + "/togli", { method: "POST", body: new URLSearchParams({ csrf: csrf.value }), redirect: "manual" })
      .then(() => this.say(""), () => this.soon(AGAIN));
  }
}

const CUT_OFF = "Senza collegamento: ciò che scrive resta in questo browser, si riprova.";
const ENDED = "La bozza non si salva più, forse perché la visita è finita. Ciò che scrive resta in questo "
  + "browser: ricarichi la pagina, entri, e lo ritrova.";

// The line above the page that says what was found, and what can be done about it.
function announce(sheet, words, choices) {
  let box = document.getElementById("ritrovato");
  if (!box) {
    box = made("div", "", "word");
    box.id = "ritrovato";
    box.setAttribute("role", "status");
    box.append(made("p", "Ritrovato ciò che non era stato salvato: lo controlli, poi salvi."), made("ul"));
    document.querySelector("main h1").after(box);
  }
  const line = made("li");
  const link = made("a", sheet.title());
  const field = typedIn(sheet.form)[0];
  link.href = "#" + (field.id || field.closest("details")?.id || "contenuto");
  line.append(link, words + " ");
  for (const [label, choose] of choices) {
    const button = made("button", label, "quiet");
    button.type = "button";
    button.setAttribute("aria-label", label + ": " + sheet.title());
    button.addEventListener("click", () => {
      choose();
      line.remove();
      if (!box.querySelector("li")) box.remove();
      document.getElementById("contenuto").focus();
    });
    line.append(button, " ");
  }
  box.querySelector("ul").append(line);
}

// The page that a copy was typed in.
const pageOf = (key) => key.slice(key.indexOf(":/") + 1).split("/").slice(0, 4).join("/");

// The door, or the page of an error, that answers a form: its words are not lost.
function outside() {
  if (location.pathname === "/entra" && kept.get(LEAVING)) {
    for (const key of kept.all()) kept.drop(key);
    return kept.drop(LEAVING);
  }
  const sent = kept.sent();
  const door = location.pathname.startsWith("/entra");
  const wanted = document.querySelector('form[action="/entra"] [name="poi"]')?.value || "";
  for (const key of sent) {
    // Who comes in is not known yet: the way back waits for its own account.
    kept.put(key, { ...kept.get(key), sent: false, back: door && wanted.length < 2 });
    const line = made("p", "Ciò che ha scritto non è perso: lo ritrova ", "word");
    const link = made("a", "nella pagina da cui l'ha mandato");
    link.href = pageOf(key);
    line.append(door ? "quando entra" : link, ".");
    document.querySelector("main h1").after(line);
  }
}

// Leads whoever came in again to the page of what they sent while they were out.
function leadBack() {
  const keys = kept.all().filter((key) => kept.get(key)?.back);
  for (const key of keys) kept.put(key, { ...kept.get(key), back: false });
  const page = keys.length ? pageOf(keys[0]) : location.pathname;
  if (page === location.pathname) return false;
  location.replace(page);
  return true;
}

// The server has the browser clear what is kept; what is still typed until the page is gone
// goes at the door. Whether new calls sound is this desk's, and stays.
function leave() {
  let sound = null;
  try { sound = localStorage.getItem("suono"); } catch { /* refused */ }
  kept.put(LEAVING, true);
  addEventListener("pagehide", () => {
    kept.put(LEAVING, true);
    try { if (sound) localStorage.setItem("suono", sound); } catch { /* refused */ }
  }, { once: true });
}

function copies() {
  for (const form of document.querySelectorAll('form[action="/esci"]')) form.addEventListener("submit", leave);
  const account = document.querySelector("[data-account]")?.dataset.account;
  if (!account) return outside();
  // Still in: that was not leaving.
  kept.drop(LEAVING);
  for (const key of kept.all()) if (!key.startsWith(PREFIX + account + ":")) kept.drop(key);
  if (leadBack()) return;
  const saved = new URLSearchParams(location.search).has("salvato");
  // The next look at the same address is not told again that something was saved.
  if (saved) history.replaceState(null, "", location.pathname + location.hash);
  const forms = document.querySelectorAll('main form.sheet[action^="/schede/"], main form.sheet[action^="/voce/"]');
  for (const form of forms) {
    if (!typedIn(form).length) continue;
    const sheet = new Sheet(form, account);
    sheet.find(saved);
    sheet.watch();
  }
}

copies();
