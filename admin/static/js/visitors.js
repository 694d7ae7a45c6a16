// The list of visitors: fetched again every ten seconds, but never under the pointer or the focus.
const EVERY_MS = 10000;
setInterval(async () => {
  const shown = document.getElementById("visitors");
  if (document.visibilityState !== "visible" || shown.matches(":hover") || shown.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("visitors");
    if (fresh) shown.replaceWith(document.importNode(fresh, true));
  } catch { /* offline: the list stays until the next time */ }
}, EVERY_MS);
