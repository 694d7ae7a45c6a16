"use strict";
/* The calls page: one detail open at a time under its row, the player of its recording, and news while nobody reads. */
(() => {
  const NEWS_MS = 10000;
  let open = null, player = null;
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const clock = (seconds) => `${two(seconds / 60)}:${two(seconds % 60)}`;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

  const close = () => {
    player?.destroy();
    open?.row.remove();
    open?.button.setAttribute("aria-expanded", "false");
    open?.origin.classList.remove("is-on");
    open = player = null;
  };
  const startPlayer = async (row) => {
    const box = row.querySelector("[data-wave]");
    if (!box) return;
    const answer = await fetch(box.dataset.peaks, { headers: { Accept: "application/json" } });
    if (!answer.ok || !box.isConnected) return;
    const { seconds, peaks } = await answer.json();
    const channel = (name) => ({ waveColor: colour(name), progressColor: colour(name) });
    const media = new Audio();
    media.preload = "none"; // the waveform is drawn from the peaks; sound is fetched in ranges when it is played
    player = WaveSurfer.create({
      container: box, media, url: box.dataset.wave, peaks, duration: seconds, height: 32, cursorColor: colour("--uc-alert"), cursorWidth: 2,
      barWidth: 2, barGap: 1, splitChannels: [channel("--uc-talk"), channel("--uc-wrap")],
      cspNonce: document.querySelector("meta[name=style-nonce]").content,
    });
    const time = row.querySelector("[data-time]");
    const show = () => { time.textContent = `${clock(player.getCurrentTime())} / ${clock(seconds)}`; };
    show();
    player.on("timeupdate", show);
    for (const [event, name] of [["play", "player-pause"], ["pause", "player-play"]])
      player.on(event, () => { row.querySelector("[data-play] .ti").className = `ti ti-${name}`; });
    row.querySelector("[data-play]").addEventListener("click", () => player.playPause());
    row.querySelectorAll("[data-seek]").forEach((node) => node.addEventListener("click", () => player.skip(Number(node.dataset.seek))));
    row.querySelector("[data-speed]").addEventListener("change", (event) => player.setPlaybackRate(Number(event.target.value), true));
  };
  const openUnder = async (button) => {
    const answer = await fetch(button.dataset.open, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) { location.reload(); return; }
    const origin = button.closest("tr"), row = document.createElement("tr"), cell = document.createElement("td");
    row.className = "is-on";
    cell.colSpan = origin.cells.length;
    cell.append(...parse(await answer.text()).body.childNodes);
    row.append(cell);
    origin.after(row);
    origin.classList.add("is-on");
    button.setAttribute("aria-expanded", "true");
    open = { row, button, origin };
    startPlayer(row);
  };
  const reveal = async (button) => {
    const answer = await fetch(button.dataset.reveal, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": csrf } });
    if (!answer.ok) return;
    button.closest("dd").querySelector("[data-number]").textContent = (await answer.json()).number;
    button.remove();
  };
  document.addEventListener("click", (event) => {
    const shown = event.target.closest("[data-reveal]");
    if (shown) { reveal(shown); return; }
    const button = event.target.closest("[data-open]");
    if (!button) return;
    const again = open?.button === button;
    close();
    if (!again) openUnder(button);
  });
  document.querySelectorAll(".uc-filters select").forEach((node) => node.addEventListener("change", () => node.form.requestSubmit()));

  /* Calls in progress move on: the table is fetched anew while nobody reads, types or has a detail open. */
  const news = async () => {
    const panel = document.getElementById("calls");
    if (open || document.hidden || !panel || panel.matches(":hover") || panel.contains(document.activeElement)) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = parse(await answer.text()).getElementById("calls");
    if (fresh && !open) panel.replaceWith(document.adoptNode(fresh));
  };
  if (document.querySelector("#calls[data-live]")) setInterval(() => news().catch((error) => console.warn("news", error)), NEWS_MS);
})();
