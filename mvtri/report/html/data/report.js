"use strict";
(async function () {
  const byId = (id) => document.getElementById(id);
  const complain = (text) => { const note = byId("problem"); note.textContent = text; note.hidden = false; };

  // Library and data travel gzipped inside the page; nothing is fetched.
  async function inflate(id) {
    const packed = atob(byId(id).textContent.trim());
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }
  if (typeof DecompressionStream === "undefined") {
    complain("This browser is too old to draw the plots (it lacks DecompressionStream); any browser since mid-2023 draws them.");
    return;
  }
  let page;
  try {
    const [library, payload] = await Promise.all([inflate("library"), inflate("payload")]);
    const script = document.createElement("script");
    script.textContent = library;
    document.head.append(script);
    page = JSON.parse(payload);
  } catch (error) {
    complain("The plots could not be unpacked: " + error.message);
    return;
  }
  for (const id of ["library", "payload"]) byId(id).remove();

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = () => window.innerWidth < 700;
  function themed(layout) {
    const axis = { gridcolor: css("--grid"), linecolor: css("--line"), zerolinecolor: css("--line"), automargin: true };
    const copy = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
      margin: { l: 56, r: 12, t: 26, b: 44 },
    }, layout);
    copy.font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: css("--muted") };
    if (narrow() && copy.showlegend !== false && !copy.legend) copy.legend = { orientation: "h", y: -0.22, yanchor: "top" };
    copy.modebar = { bgcolor: "rgba(0,0,0,0)", color: css("--muted"), activecolor: css("--accent") };
    copy.hoverlabel = { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } };
    for (const key of Object.keys(copy)) if (/^[xy]axis\d*$/.test(key)) copy[key] = Object.assign({}, axis, copy[key]);
    for (const key of ["xaxis", "yaxis"]) copy[key] = copy[key] || axis;
    if (copy.scene) {
      copy.scene = Object.assign({}, copy.scene);
      for (const key of ["xaxis", "yaxis", "zaxis"])
        copy.scene[key] = Object.assign({}, copy.scene[key], { gridcolor: css("--grid"), linecolor: css("--line"), color: css("--muted") });
    }
    for (const menu of copy.updatemenus || []) Object.assign(menu, { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } });
    for (const slider of copy.sliders || []) Object.assign(slider, { bgcolor: css("--line"), bordercolor: css("--line"), activebgcolor: css("--accent") });
    return copy;
  }
  const config = { displaylogo: false, responsive: true, displayModeBar: false };
  const configOf = (id) => id !== "viewer" ? config : Object.assign({}, config, { displayModeBar: true, scrollZoom: true,
    modeBarButtons: [["resetCameraDefault3d", "toImage"]] });

  // Trajectories: drawn for the chosen person and keypoint.
  function trajectory() {
    const data = page.trajectories, div = byId("plot-trajectories");
    const n = Number(byId("person").value), k = Number(byId("keypoint").value);
    const traces = [], layout = { height: 620, hovermode: "x unified", showlegend: false, margin: { l: 62, r: 14, t: 10, b: 44 } };
    ["x", "y", "z"].forEach((name, i) => {
      const values = data.position[n][k][i], suffix = i === 0 ? "" : String(i + 1);
      const axes = { type: "scatter", mode: "lines", x: data.times, xaxis: "x", yaxis: "y" + suffix };
      const put = (y, more) => traces.push(Object.assign({ y }, axes, more));
      if (data.sigma) {
        for (const [from, to] of stretches(values)) {
          const part = (sign) => values.slice(from, to).map((v, j) => v + sign * 1.96 * (data.sigma[n][k][i][from + j] ?? 0));
          const x = data.times.slice(from, to);
          put(part(-1).concat(part(1).reverse()), { x: x.concat(x.slice().reverse()), fill: "toself", hoverinfo: "skip",
            fillcolor: data.colours[i] + "33", line: { width: 0 } });
        }
      }
      if (data.measured) put(data.measured[n][k][i], { name: "measured", opacity: 0.45, line: { color: data.colours[i], width: 1 }, hovertemplate: "%{y:.4f} m" });
      if (data.truth) put(data.truth[n][k][i], { name: "truth", line: { color: data.grey, width: 1.6, dash: "dot" }, hovertemplate: "%{y:.4f} m" });
      put(values, { name, line: { color: data.colours[i], width: 1.9 }, mode: data.times.length > 1 ? "lines" : "lines+markers",
        text: data.sigma ? data.sigma[n][k][i].map((s) => s === null ? "" : " ± " + (1960 * s).toFixed(1) + " mm") : "", hovertemplate: "%{y:.4f} m%{text}" });
      const filled = data.filled[n][k];
      if (filled.length) traces.push({ type: "scatter", mode: "markers", name: "filled", x: filled.map((j) => data.times[j]),
        y: filled.map((j) => values[j]), xaxis: "x", yaxis: "y" + suffix, hoverinfo: "skip",
        marker: { symbol: "circle-open", size: 8, color: data.colours[i] } });
      layout["yaxis" + suffix] = { title: { text: name + " (m)" }, domain: [1 - (i + 1) / 3 + 0.02, 1 - i / 3 - 0.02] };
    });
    layout.xaxis = { title: { text: data.label }, anchor: "y3" };
    return Plotly.react(div, traces, themed(layout), config);
  }
  function stretches(values) {
    const found = [];
    for (let i = 0, from = -1; i <= values.length; i++) {
      const there = i < values.length && values[i] !== null;
      if (there && from < 0) from = i;
      if (!there && from >= 0) { found.push([from, i]); from = -1; }
    }
    return found;
  }

  // A benchmark: one setting at a time, and of each plot the traces of the methods that are ticked.
  const settings = [...document.querySelectorAll("[data-setting]")];
  const ticks = [...document.querySelectorAll(".chip input")];
  const ticked = (trace) => !trace.meta || ticks.some((tick) => tick.checked && Number(tick.value) === trace.meta.method);
  function choose() {
    if (byId("setting")) for (const part of settings) part.hidden = part.dataset.setting !== byId("setting").value;
    return draw();
  }

  async function draw() {
    for (const [id, figure] of Object.entries(page.figures)) {
      const div = byId("plot-" + id);
      if (div.closest("[hidden]")) continue;
      try {
        const layout = themed(structuredClone(figure.layout));
        if (id === "viewer" && narrow()) layout.height = 440;
        div.style.minHeight = layout.height + "px";
        await Plotly.react(div, structuredClone(figure.data.filter(ticked)), layout, configOf(id));
        if (figure.frames && figure.frames.length && !div.dataset.framed) {
          await Plotly.addFrames(div, figure.frames);
          div.dataset.framed = "yes";
        }
      } catch (error) {
        div.textContent = "This plot could not be drawn: " + error.message;
      }
    }
    if (page.trajectories) await trajectory();
    document.body.dataset.drawn = "yes";
    freeze();
  }

  // WebGL leaves nothing on paper, so a still of the 3D view stands beside it for printing.
  let pending = 0;
  function freeze() {
    const div = byId("plot-viewer"), still = byId("still");
    clearTimeout(pending);
    if (div && still) pending = setTimeout(async () => {
      const size = { format: "png", width: 1000, height: 560 };
      try { still.src = await Plotly.toImage(div, size); } catch (error) { still.removeAttribute("src"); }
    }, 500);
  }
  if (page.trajectories) for (const id of ["person", "keypoint"]) byId(id).addEventListener("change", trajectory);
  for (const control of [byId("setting"), ...ticks]) if (control) control.addEventListener("change", choose);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  await choose();
  const viewer = byId("plot-viewer");
  if (viewer && viewer.on) for (const event of ["plotly_relayout", "plotly_sliderchange", "plotly_animated"]) viewer.on(event, freeze);
})();
