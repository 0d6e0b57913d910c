// Live updates, drafts and keys. Without this script, everything else works.
"use strict";
(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
  const isInbox = () => Boolean(find(".app"));
  // A page without a place in the event log does not follow it.
  const isLive = () => Boolean(find(".app")?.dataset.place);

  // Times: in the time zone of the browser, and as old as they are now.
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  function showTimes() {
    for (const time of all("time")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      if ("exact" in time.dataset) {
        time.textContent = exact.format(at);
        continue;
      }
      time.title = exact.format(at);
      const minutes = Math.floor((Date.now() - at.getTime()) / 60000);
      if (minutes >= 0 && minutes < 7 * 24 * 60) {
        const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1440)];
        const age = days ? `${days} d` : hours ? `${hours} h` : minutes ? `${minutes} min` : "now";
        if (time.textContent !== age) time.textContent = age;
      }
    }
  }

  // Banner.
  function say(text) {
    const banner = find("#banner");
    if (!banner) return;
    banner.hidden = !text;
    if (banner.textContent !== text) banner.textContent = text;
  }

  // Drafts: one for each user and ticket, until the server has the text.
  const draftsOf = () => `hexdesk.draft.${document.body.dataset.drafts}.`;
  const ticket = () => find("main[data-ticket]")?.dataset.ticket;
  const answer = () => find("#answer");
  const kind = (form) => form.elements.kind.value;

  function storage(work) {
    try {
      return work(window.localStorage);
    } catch {
      return null; // The browser stores nothing for this site.
    }
  }

  function keepDraft() {
    const form = answer();
    if (!form) return;
    const { text, key } = form.elements;
    storage((store) => {
      if (text.value) {
        const draft = { text: text.value, kind: kind(form), key: key.value };
        store.setItem(draftsOf() + ticket(), JSON.stringify(draft));
      } else {
        store.removeItem(draftsOf() + ticket());
      }
    });
    find("#draft-state").textContent = text.value ? "Draft kept in this browser" : "";
  }

  function restoreDraft() {
    const form = answer();
    if (!form) return;
    if (form.elements.text.value) return keepDraft();
    const draft = storage((store) => JSON.parse(store.getItem(draftsOf() + ticket())));
    if (!draft) return;
    if (draft.key === find("main").dataset.sent) {
      storage((store) => store.removeItem(draftsOf() + ticket()));
      return;
    }
    // The same key: if the text arrived although its response did not, it is not sent twice.
    form.elements.text.value = draft.text;
    form.elements.key.value = draft.key;
    form.elements.kind.value = draft.kind;
    find("#draft-state").textContent = "Draft restored";
  }

  function dropDrafts() {
    storage((store) => {
      for (const name of Object.keys(store)) if (name.startsWith(draftsOf())) store.removeItem(name);
    });
  }

  // Live regions, as the server last sent them.
  const served = new Map();
  const rememberServed = () => all("[data-live]").forEach((region) => served.set(region.id, region.outerHTML));

  function patchMessages(region, fresh) {
    const before = new Map(all(".message", region).map((message) => [message.id, message]));
    const list = find(".messages", region);
    let arrived = 0;
    all(".message", fresh).forEach((message, index) => {
      const old = before.get(message.id);
      before.delete(message.id);
      const place = list.children[index] ?? null;
      if (old && old.dataset.served === undefined) old.dataset.served = old.innerHTML;
      if (old && old.dataset.served === message.innerHTML) {
        if (old !== place) list.insertBefore(old, place);
        return;
      }
      if (!old) arrived += 1;
      message.dataset.served = message.innerHTML;
      old?.remove();
      list.insertBefore(message, list.children[index] ?? null);
    });
    before.forEach((message) => message.remove());
    Object.assign(list.dataset, { ...find(".messages", fresh).dataset });
    return arrived;
  }

  function patch(page) {
    for (const fresh of all("[data-live]", page)) {
      const region = document.getElementById(fresh.id);
      const html = fresh.outerHTML;
      if (!region || served.get(fresh.id) === html) continue;
      const focused = region.contains(document.activeElement) ? document.activeElement : null;
      if (focused && focused.matches("input, select, textarea")) continue; // Next time.
      served.set(fresh.id, html);
      if (fresh.id === "conversation" && find(".messages", region)) {
        const scroll = find("#scroll");
        const wasAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
        const arrived = patchMessages(region, fresh);
        if (arrived && wasAtEnd) scroll.scrollTop = scroll.scrollHeight;
        continue;
      }
      const row = focused?.closest("[data-ticket]")?.dataset.ticket;
      const known = new Set(all(".row", region).map((one) => one.dataset.ticket));
      region.replaceWith(fresh);
      for (const one of all(".row", fresh)) if (!known.has(one.dataset.ticket)) one.classList.add("arrived");
      if (row) find(`[data-ticket="${row}"] a`, fresh)?.focus();
    }
    if (!find("#banner").hidden && live.isOpen) say("");
    const title = find("title", page)?.textContent;
    if (title) document.title = title;
    seeMessages();
    showTimes();
  }

  // A reply goes against the messages that its writer has seen.
  function seeMessages() {
    const form = answer();
    const messages = find("#conversation .messages");
    if (!form || !messages) return;
    const { seen, version, text } = form.elements;
    const state = find("#state")?.elements.seen;
    const hasNews = messages.dataset.seen !== seen.value && Number(messages.dataset.seen) > Number(seen.value);
    const refusal = find("#refusal");
    if (hasNews && text.value.trim()) {
      for (const message of all(".message", messages)) {
        const id = message.id.replace("message-", "");
        // Ids have more digits than a number holds exactly.
        if (/^\d+$/.test(id) && BigInt(id) > BigInt(seen.value)) message.classList.add("news");
      }
      refusal.hidden = false;
      refusal.replaceChildren("A new message arrived while you were writing. ");
      const read = Object.assign(document.createElement("button"), { type: "button", textContent: "I have read it" });
      read.addEventListener("click", () => {
        seen.value = messages.dataset.seen;
        version.value = messages.dataset.version;
        if (state) state.value = seen.value;
        refusal.hidden = true;
        all(".news").forEach((message) => message.classList.remove("news"));
        text.focus();
      });
      refusal.append(read);
    } else if (!hasNews || !text.value.trim()) {
      seen.value = messages.dataset.seen;
      version.value = messages.dataset.version;
      if (state && !document.hidden) state.value = seen.value;
    }
  }

  // Reading the page again.
  let refreshing = null;
  let again = false;
  let mayRefreshAt = 0;
  function refresh() {
    if (refreshing) {
      again = true;
      return;
    }
    refreshing = setTimeout(async () => {
      const begun = Date.now();
      again = false;
      try {
        const url = new URL(location.href);
        url.searchParams.delete("done");
        const response = await fetch(url, { headers: { accept: "text/html" } });
        if (response.redirected || response.status === 401) {
          location.reload();
          return;
        }
        if (response.ok) patch(parsed(await response.text()));
        else if (response.status === 404) location.reload();
      } catch {
        again = true; // Not connected.
      }
      // Busy shops and slow servers: rest three times as long as it took.
      mayRefreshAt = Date.now() + Math.max(500, 3 * (Date.now() - begun));
      refreshing = null;
      if (again) refresh();
    }, Math.max(100, mayRefreshAt - Date.now()));
  }

  // The event stream. It ends while the page is hidden: browsers allow six connections to a server.
  const live = { source: null, isOpen: false, place: "", lostAt: null, retry: 0, tick: Date.now() };

  function connect() {
    if (!isLive() || document.hidden) return;
    live.source?.close();
    const place = live.place || find(".app").dataset.place || "";
    const source = new EventSource(place ? `/live?after=${encodeURIComponent(place)}` : "/live");
    live.source = source;
    const wasLost = live.lostAt !== null;
    const note = (event) => { if (event.lastEventId) live.place = event.lastEventId; };
    source.onopen = () => {
      if (wasLost || live.lostAt !== null) refresh();
      Object.assign(live, { isOpen: true, lostAt: null, retry: 0 });
      document.body.dataset.live = "true";
      say("");
    };
    source.onerror = () => {
      live.isOpen = false;
      document.body.dataset.live = "false";
      live.lostAt ??= Date.now();
      if (source.readyState === EventSource.CLOSED && live.source === source) {
        // Refused: the session has ended, or the place is gone. The page tells.
        live.place = "";
        live.retry = Math.min(live.retry + 1, 5);
        setTimeout(connect, 1000 * live.retry);
        if (navigator.onLine) refresh();
      }
    };
    source.addEventListener("ready", note);
    source.addEventListener("removed", () => location.reload());
    source.addEventListener("changed", (event) => { note(event); refresh(); });
  }

  function disconnect() {
    live.source?.close();
    Object.assign(live, { source: null, isOpen: false, lostAt: Date.now() });
  }

  setInterval(() => {
    const slept = Date.now() - live.tick > 20000;
    live.tick = Date.now();
    if (!isLive() || document.hidden) return;
    if (slept) {
      live.lostAt ??= Date.now();
      connect();
    }
    const lost = live.lostAt === null ? 0 : Date.now() - live.lostAt;
    if (lost >= 10000) say("Not connected to the server. What you see may be old; your text is kept.");
  }, 1000);
  setInterval(showTimes, 30000);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else connect();
  });
  addEventListener("online", () => { if (live.lostAt !== null) connect(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // Forms: sent without leaving the page, so that a lost connection loses nothing.
  function show(page, url) {
    const app = find(".app", page);
    if (!app) return false;
    find(".app").replaceWith(app);
    document.title = find("title", page).textContent;
    document.body.className = page.body.className;
    history.replaceState(null, "", url);
    served.clear();
    begin();
    return true;
  }

  // A saved reply goes where the cursor is, into what is already written.
  async function insertSaved(form) {
    const id = form.elements.saved.value;
    if (!id) return;
    try {
      const url = new URL(form.action);
      url.searchParams.set("saved", id);
      const response = await fetch(url, { headers: { accept: "text/html" } });
      const text = find("#text", parsed(await response.text()));
      if (!text || response.redirected) return;
      const field = answer().elements.text;
      field.setRangeText(text.value, field.selectionStart, field.selectionEnd, "end");
      field.focus();
      keepDraft();
    } catch {
      say("Not inserted: the server cannot be reached.");
    }
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id === "insert") {
      event.preventDefault();
      insertSaved(form);
      return;
    }
    if (form.id === "sign-out") return dropDrafts();
    if (form.method !== "post" || !isInbox()) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    keepDraft();
    try {
      const body = new URLSearchParams(new FormData(form, event.submitter));
      const response = await fetch(form.action, { method: "POST", body, headers: { accept: "text/html" } });
      const page = parsed(await response.text());
      const path = find(".app", page)?.dataset.path;
      if (show(page, path || (response.redirected && response.ok ? response.url : location.href))) {
        const hasRefusal = !(find("#refusal")?.hidden ?? true);
        const places = ticket() ? [hasRefusal ? "#text" : "#scroll"] : ["#secret", "[aria-invalid]", "#main"];
        places.map((place) => find(place)).find(Boolean)?.focus({ preventScroll: Boolean(ticket()) });
      } else if (response.redirected) {
        location.href = response.url;
      } else {
        say(find("main p:not(.brand)", page)?.textContent ?? "The server refused this form.");
      }
    } catch {
      say("Not sent: the server cannot be reached. Your text is kept; send it again.");
    }
    delete form.dataset.busy;
  });

  document.addEventListener("input", (event) => {
    if (event.target.form?.id === "answer") keepDraft();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-help]")) find("#help").showModal();
    const copy = event.target.closest("[data-copy]");
    if (!copy) return;
    const field = document.getElementById(copy.dataset.copy);
    field.select();
    // Without TLS, browsers copy only what is selected.
    const copied = navigator.clipboard?.writeText(field.value) ?? Promise.resolve(document.execCommand("copy"));
    copied.then(() => { copy.textContent = "Copied"; }, () => { copy.textContent = "Press Ctrl+C"; });
  });

  // Keys.
  const rows = () => all("#list .row a");
  function step(by) {
    const links = rows();
    if (ticket()) {
      const at = links.findIndex((link) => link.getAttribute("aria-current"));
      links[at < 0 ? 0 : at + by]?.click();
      return;
    }
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by]?.focus();
  }
  function write(as) {
    const form = answer();
    if (!form) return;
    form.elements.kind.value = as;
    form.elements.text.focus();
  }
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    o: () => (rows().includes(document.activeElement) ? document.activeElement : rows()[0])?.click(),
    u: () => find("#back")?.click(),
    r: () => write("reply"),
    n: () => write("note"),
    a: () => find("#assignee")?.focus(),
    e: () => { const form = find("#state"); form?.requestSubmit(find("button", form)); },
    "/": () => find("#q")?.select(),
    "?": () => find("#help")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form?.id === "answer") {
      const form = event.target.form;
      form.requestSubmit(find(kind(form) === "note" ? ".only-note" : ".only-reply", form));
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
    if (event.target.matches("input:not([type=radio]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = keys[event.key];
    if (!act || !isInbox()) return;
    event.preventDefault();
    act();
  });

  // A ticket that somebody looks at is read.
  let reading = null;
  function markRead() {
    clearTimeout(reading);
    if (find("#head")?.dataset.unread !== "true") return;
    reading = setTimeout(() => {
      const form = find("#read");
      if (form && !document.hidden) {
        fetch(form.action, { method: "POST", body: "", headers: { "content-type": "application/x-www-form-urlencoded" } })
          .then(refresh, () => {});
      }
    }, 1500);
  }

  function begin() {
    if (!isInbox()) return;
    for (const element of all("[data-help], [data-copy]")) element.hidden = false;
    rememberServed();
    showTimes();
    restoreDraft();
    markRead();
    const scroll = find("#scroll");
    const news = find(".message.news");
    if (news) news.scrollIntoView({ block: "center" });
    else if (scroll && !location.hash) scroll.scrollTop = scroll.scrollHeight;
  }

  begin();
  connect();
})();
