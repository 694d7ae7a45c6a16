"use strict";
/* Record a prompt in the browser: listen to it first, then send it as an upload. Without a microphone the button stays away. */
(() => {
  const LONGEST_MS = 300000;
  const at = (id) => document.getElementById(id), form = at("sound-form"), button = at("record");
  if (!navigator.mediaDevices?.getUserMedia || typeof MediaRecorder === "undefined") return;
  button.hidden = false;
  let recorder = null, blob = null, began = 0, clock = null;

  const error = (message) => { at("record-error").textContent = message; };
  const showing = (on) => {
    at("recording").hidden = !on;
    button.querySelector("span").textContent = button.dataset[on ? "stop" : "start"];
  };
  const tick = () => {
    const seconds = Math.floor((Date.now() - began) / 1000);
    at("recording").querySelector("span").textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
    if (Date.now() - began > LONGEST_MS) recorder?.stop();
  };
  const begin = async () => {
    error("");
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: true, autoGainControl: true } }); }
    catch { error(button.dataset.refused); return; }
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      clearInterval(clock);
      stream.getTracks().forEach((track) => track.stop());
      blob = new Blob(parts, { type: recorder.mimeType });
      recorder = null;
      showing(false);
      at("recorded").hidden = false;
    });
    recorder.start();
    began = Date.now();
    clock = setInterval(tick, 250);
    tick();
    showing(true);
  };
  button.addEventListener("click", () => (recorder ? recorder.stop() : begin()));
  /* The policy lets no `blob:` or `data:` play in a player; decoded samples are neither. */
  at("preview").addEventListener("click", async () => {
    const context = new AudioContext(), source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(await blob.arrayBuffer());
    source.connect(context.destination);
    source.addEventListener("ended", () => context.close());
    source.start();
  });
  at("take").addEventListener("click", () => {
    const files = new DataTransfer();
    files.items.add(new File([blob], `recorded.${blob.type.includes("ogg") ? "ogg" : blob.type.includes("mp4") ? "m4a" : "webm"}`, { type: blob.type }));
    form.elements.file.files = files.files;
    form.elements.origin.value = "recorded";
    form.submit();
  });
})();
