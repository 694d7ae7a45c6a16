"use strict";
/* The calls page: one detail open at a time under its row, with the player of its recording. */
(() => {
  let open = null, player = null;
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const clock = (seconds) => `${two(seconds / 60)}:${two(seconds % 60)}`;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const close = () => {
    player?.destroy();
    open?.row.remove();
    open?.button.setAttribute("aria-expanded", "false");
    open = player = null;
  };
  const startPlayer = (row) => {
    const box = row.querySelector("[data-wave]");
    if (!box) return;
    player = WaveSurfer.create({
      container: box, url: box.dataset.wave, height: 32, cursorColor: colour("--uc-alert"),
      splitChannels: [{ waveColor: colour("--uc-talk"), progressColor: colour("--uc-talk") }, { waveColor: colour("--uc-wrap"), progressColor: colour("--uc-wrap") }],
    });
    const time = row.querySelector("[data-time]");
    const show = () => { time.textContent = `${clock(player.getCurrentTime())} / ${clock(player.getDuration())}`; };
    player.on("ready", show);
    player.on("timeupdate", show);
    for (const [event, name] of [["play", "player-pause"], ["pause", "player-play"]])
      player.on(event, () => { row.querySelector("[data-play] .ti").className = `ti ti-${name}`; });
    row.querySelector("[data-play]").addEventListener("click", () => player.playPause());
    row.querySelectorAll("[data-seek]").forEach((node) => node.addEventListener("click", () => player.skip(Number(node.dataset.seek))));
    row.querySelector("[data-speed]").addEventListener("change", (event) => player.setPlaybackRate(Number(event.target.value), true));
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-open]");
    if (!button) return;
    const again = open?.button === button;
    close();
    if (again) return;
    const answer = await fetch(button.dataset.open, { headers: { Accept: "text/html" } });
    if (!answer.ok) { location.reload(); return; }
    const row = document.createElement("tr"), cell = document.createElement("td");
    row.className = "is-on";
    cell.colSpan = button.closest("tr").cells.length;
    cell.append(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    row.append(cell);
    button.closest("tr").after(row);
    button.setAttribute("aria-expanded", "true");
    open = { row, button };
    startPlayer(row);
  });
})();
