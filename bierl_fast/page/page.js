"use strict";
(() => {
  const later = (button, text) => {
    const before = button.textContent;
    button.textContent = text;
    setTimeout(() => (button.textContent = before), 1500);
  };
  for (const button of document.querySelectorAll(".copy"))
    button.addEventListener("click", async () => {
      const text = button.nextElementSibling;
      try {
        await navigator.clipboard.writeText(text.textContent);
        later(button, "Copied");
      } catch { // not allowed here: select it, to be copied by hand
        getSelection().selectAllChildren(text);
      }
    });

  if (!matchMedia("(prefers-reduced-motion: reduce)").matches)
    for (const film of document.querySelectorAll("video")) film.play().catch(() => {});

  const run = (code) => document.head.appendChild(Object.assign(document.createElement("script"), { textContent: code }));
  const unpacked = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const models = (wanted) => Bokeh.documents.flatMap((page) => page.all_models ? [...page.all_models] : []).filter(wanted);
  const draw = async () => {
    const library = document.getElementById("library");
    if (library === null) return;
    run(await unpacked(library.textContent));
    Bokeh.set_log_level("error");
    run(document.getElementById("charts").textContent);
    for (const key of document.querySelectorAll(".key"))
      key.addEventListener("click", () => {
        const shown = key.getAttribute("aria-pressed") !== "true";
        key.setAttribute("aria-pressed", shown);
        const [chart] = models((model) => model.name === key.dataset.chart);
        for (const renderer of chart.renderers) if (renderer.name === key.dataset.key) renderer.visible = shown;
      });
    // Colors of axes and grids are the style's, which charts read when they are painted.
    const repaint = () => models((model) => model.type === "Figure").forEach((figure) => figure.change.emit());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    document.documentElement.dataset.drawn = "true";
  };
  draw();
})();
