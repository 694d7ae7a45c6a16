"use strict";
/* The canvas: LogicFlow draws boxes and ways; what is pulled, moved or deleted there becomes a change of the text. */
const Canvas = (() => {
  const { at, data, element, icon, text, typeOf, wayWords } = Flow;
  const { LogicFlow, RectNode, RectNodeModel, BezierEdge, BezierEdgeModel, h } = window.Core;
  const WIDTH = 160, HEIGHT = 52, LONGEST_LABEL = 17, GHOST_DY = 104, GHOST_DX = 176;
  let passages = null, live = null, drawing = false;

  const glyphs = new Map();
  const glyph = (name) => {
    if (!glyphs.has(name)) {
      const probe = icon(name);
      document.body.append(probe);
      glyphs.set(name, getComputedStyle(probe, "::before").content.replace(/"/g, ""));
      probe.remove();
    }
    return glyphs.get(name);
  };
  /* Chinese letters are twice as wide. */
  const fitting = (words, most) => {
    let width = 0, shown = "";
    for (const letter of words) {
      width += letter > "\u2e80" ? 2 : 1;
      if (width > most) return `${shown}…`;
      shown += letter;
    }
    return shown;
  };

  class BoxView extends RectNode {
    getShape() {
      const { model } = this.props, { x, y, width, height, properties: p } = model;
      const left = x - width / 2, top = y - height / 2;
      const marks = [["is-current", p.current], ["is-bad", p.bad], ["is-live", p.live], ["is-ghost", p.ghost]];
      const classes = marks.filter(([, on]) => on).map(([name]) => name).join(" ");
      return h("g", { className: `uc-nodebox ${classes}`, "data-node": p.name ?? "" }, [
        h("rect", { x: left, y: top, width, height, rx: 8 }),
        h("text", { className: "ti", x: left + 12, y: y + 7 }, glyph(p.icon)),
        h("text", { x: left + 40, y: y - 4 }, [h("tspan", {}, p.word), h("tspan", { x: left + 40, dy: 17 }, p.sub)]),
        p.first ? h("text", { className: "ti uc-first", x: left + width - 24, y: top + 20 }, glyph("phone-incoming")) : null,
        p.left && !p.bad ? h("text", { className: "uc-gone", x: left + width - 8, y: top + height - 7 }, `✕ ${p.left}`) : null,
        p.bad ? h("text", { className: "ti uc-warn", x: left + width - 24, y: top + height - 8 }, glyph("alert-triangle")) : null,
      ]);
    }
  }
  class BoxModel extends RectNodeModel {
    setAttributes() {
      this.width = WIDTH;
      this.height = HEIGHT;
      this.draggable = !this.properties.ghost;
      this.text.value = "";
      this.isShowAnchor = true;
      this.autoToFront = false; // the box that comes to the front is made anew, and the way that is being pulled from it is lost
    }
    setIsShowAnchor() {} // always: an anchor that goes with the pointer takes the way that is being pulled with it
    getAnchorStyle(anchor) {
      const style = super.getAnchorStyle(anchor), r = anchor.edgeAddable === false ? 0 : 5;
      return { ...style, r, stroke: "var(--tblr-primary)", fill: "var(--uc-surface)", hover: { ...style.hover, r: r && 10, fill: "var(--tblr-primary)", fillOpacity: 0.2, stroke: "none" } };
    }
    getDefaultAnchor() {
      const { x, y, width, height, id } = this;
      const points = [{ x, y: y - height / 2, id: `${id}-in`, edgeAddable: false }, { x: x + width / 2, y, id: `${id}-side`, edgeAddable: false }];
      if (!this.properties.ghost && this.properties.open) points.push({ x, y: y + height / 2, id: `${id}-out` });
      else points.push({ x, y: y + height / 2, id: `${id}-out`, edgeAddable: false });
      return points;
    }
    getOutlineStyle() { return { ...super.getOutlineStyle(), stroke: "none", hover: { stroke: "none" } }; }
  }
  class WayModel extends BezierEdgeModel {
    initEdgeData(given) { super.initEdgeData(given); this.offset = 32; }
    getEdgeStyle() {
      const p = this.properties;
      const stroke = p.bad ? "var(--uc-alert)" : p.passed || p.count ? "var(--uc-talk)" : "#8b95a5";
      const width = p.passed ? 3 : p.count ? 1.5 + 2 * p.share : 1.5;
      return { ...super.getEdgeStyle(), stroke, strokeWidth: this.isSelected ? width + 1 : width, strokeDasharray: p.bad ? "5 4" : "none" };
    }
    getTextStyle() {
      const style = super.getTextStyle();
      return { ...style, fontSize: 11, color: "var(--uc-ink)", background: { fill: "var(--uc-surface)", stroke: "var(--uc-line)", radius: 9, wrapPadding: "3px 6px" } };
    }
    getOutlineStyle() { return { ...super.getOutlineStyle(), stroke: "none", hover: { stroke: "none" } }; }
  }

  const lf = new LogicFlow({
    container: at("canvas"), grid: { size: 8, visible: false }, background: false, history: false, partial: false,
    keyboard: { enabled: false }, adjustEdge: false, adjustEdgeStartAndEnd: false, textEdit: false, nodeTextEdit: false,
    edgeTextEdit: false, nodeTextDraggable: false, edgeTextDraggable: false, hideAnchors: false, edgeType: "way", outline: false,
    stopMoveGraph: false, animation: false, hoverOutline: false, nodeSelectedOutline: false, edgeSelectedOutline: false,
  });
  lf.register({ type: "box", view: BoxView, model: BoxModel });
  lf.register({ type: "way", view: BezierEdge, model: WayModel });

  /* ---- from the reading to the picture */
  const isOpen = (box) => Flow.typeOf(box.type).fields.some((field) => holdsWay(field));
  const holdsWay = (field) => field.kind === "node" || (field.fields ?? []).some(holdsWay) || (field.item ? holdsWay(field.item) : false);
  const boxNode = (box, { reading, places, selected }) => {
    const type = typeOf(box.type), [x, y] = places[box.name] ?? [0, 0];
    const sub = box.about && box.about !== box.name ? `${box.name} · ${box.about}` : box.name;
    return {
      id: box.name, type: "box", x, y,
      properties: {
        name: box.name, word: fitting(type.word, 15), sub: fitting(sub, 18), icon: type.icon, current: box.name === selected, open: isOpen(box),
        bad: Model.problemsOf(box.name).length > 0, live: live?.node === box.name, first: reading.start === box.name, left: passages?.nodes[box.name]?.left ? passages.nodes[box.name].left.toLocaleString() : "",
      },
    };
  };
  const graph = () => {
    const { state } = Model, { reading, places } = state, names = new Set(reading.boxes.map((box) => box.name));
    const nodes = reading.boxes.map((box) => boxNode(box, state)), edges = [], most = Math.max(1, ...Object.values(passages?.ways ?? {}).flatMap((ways) => Object.values(ways)));
    const known = (target) => names.has(target) && places[target] !== undefined;
    for (const box of reading.boxes) {
      const merged = new Map();
      for (const { path, target } of box.ways) {
        if (target === "return") continue;
        const key = known(target) ? target : `?${box.name}.${path.join(".")}`;
        if (!known(target)) {
          const [left, top] = places[box.name] ?? [0, 0], y = top + GHOST_DY;
          let x = left + GHOST_DX;
          while (nodes.some((each) => Math.abs(each.x - x) < WIDTH && Math.abs(each.y - y) < HEIGHT)) x += GHOST_DX / 4;
          const words = wayWords(path, reading.nodes[box.name]) || Flow.word(path.at(-1));
          nodes.push({ id: key, type: "box", x, y, properties: { word: fitting(words, 15), sub: target ? `${text("no_node")}: ${fitting(target, 8)}` : text("no_way"), icon: "help", bad: true, ghost: true } });
        }
        merged.set(key, [...(merged.get(key) ?? []), path]);
      }
      for (const [target, paths] of merged) {
        const labels = paths.map((path) => wayWords(path, reading.nodes[box.name])).filter(Boolean);
        const count = paths.reduce((sum, path) => sum + (passages?.ways?.[box.name]?.[path.join(".")] ?? 0), 0);
        const passed = paths.some((path) => live?.ways.has(`${box.name} ${path.join(".")}`));
        const isBack = known(target) && places[target][1] <= places[box.name][1];
        const label = [fitting(labels.join(" / "), LONGEST_LABEL), passages ? count.toLocaleString() : ""].filter(Boolean).join(" · ");
        edges.push({
          id: `${box.name}>${target}`, type: "way", sourceNodeId: box.name, targetNodeId: target, sourceAnchorId: `${box.name}-${isBack ? "side" : "out"}`, targetAnchorId: `${target}-${isBack ? "side" : "in"}`,
          ...(label ? { text: label } : {}), properties: { paths, from: box.name, bad: target.startsWith("?"), count, share: count / most, passed },
        });
      }
    }
    return { nodes, edges };
  };
  const draw = () => {
    drawing = true;
    lf.render(graph());
    /* The library carries preact twice: the first change of a box makes its anchors anew, which must not be while one is pulled. */
    lf.graphModel.nodes.forEach((node) => { node.setSelected(true); node.setSelected(false); });
    drawing = false;
    at("canvas-hint").hidden = Model.state.reading.boxes.length > 0 || !Model.state.reading.is_yaml;
    const { boxes } = Model.state.reading;
    at("pull-hint").hidden = boxes.length < 2 || boxes.some((box) => box.ways.some((way) => way.target));
    at("canvas").classList.toggle("uc-stale", !Model.state.reading.is_yaml);
    drawList();
  };
  const drawList = () => {
    const { reading, selected } = Model.state;
    at("nodelist").querySelector("ul").replaceChildren(...reading.boxes.map((box) => {
      const bad = Model.problemsOf(box.name).length, type = typeOf(box.type);
      const where = box.ways.map(({ path, target }) => [wayWords(path, reading.nodes[box.name]), target ?? text("no_way")].filter(Boolean).join(" → ")).join(", ");
      return element("li", {}, element("button", { type: "button", "aria-current": box.name === selected ? "true" : null, onclick: () => Model.choose(box.name) },
        icon(bad ? "alert-triangle" : type.icon), " ", element("b", {}, box.name), " ", element("span", { class: "uc-meta uc-cut" }, [type.word, where].filter(Boolean).join(" · "))));
    }));
  };

  /* ---- what the author does there */
  const onCanvas = (handler) => (event) => { if (!drawing && Model.state.reading.is_yaml) handler(event); };
  lf.on("node:click", onCanvas(({ data: node }) => Model.choose(node.properties.ghost ? node.id.slice(1).split(".")[0] : node.id)));
  lf.on("blank:click", onCanvas(() => Model.choose(null)));
  lf.on("edge:click", onCanvas(({ data: edge }) => { Canvas.edge = edge; at("canvas").focus({ preventScroll: true }); }));
  lf.on("node:drop", onCanvas(({ data: node }) => { if (!node.properties.ghost) Model.move(node.id, node.x, node.y); }));
  lf.on("edge:add", onCanvas(({ data: edge }) => {
    lf.deleteEdge(edge.id);
    if (Model.box(edge.sourceNodeId) && Model.box(edge.targetNodeId)) connect(edge.sourceNodeId, edge.targetNodeId);
  }));

  /* The ways that a node can have: those that are there or missing, and a new key, case or share. */
  const possible = (name) => {
    const box = Model.box(name), node = Model.node(name) ?? {}, found = box.ways.map(({ path, target }) => ({ path, target, make: null }));
    const has = (path) => found.some((way) => way.path.join(".") === path.join("."));
    for (const field of typeOf(box.type).fields) {
      if (field.kind === "node" && !has([field.name])) found.push({ path: [field.name], target: null, make: null });
      if (field.name === "keys") {
        const free = [..."1234567890*#"].filter((key) => !(key in (node.keys ?? {})));
        free.forEach((key) => found.push({ path: ["keys", key], target: null, make: null, isNew: true }));
      }
      if (field.kind === "list" && field.item.kind === "object" && field.item.fields.some((inner) => inner.name === "next")) {
        const index = (node[field.name] ?? []).length, first = field.item.fields.find((inner) => inner.name !== "next");
        found.push({ path: [field.name, String(index), "next"], target: null, isNew: true, make: (target) => ({
          do: "set", path: ["nodes", name, field.name], value: [...(node[field.name] ?? []), { [first.name]: first.kind === "number" ? "0" : "true", next: target }] }) });
      }
    }
    return found;
  };
  const connect = (source, target) => {
    const ways = possible(source);
    const use = (way) => Model.change([way.make ? way.make(target) : { do: "set", path: ["nodes", source, ...way.path], value: target }], { select: source });
    const missing = ways.filter((way) => !way.target && !way.isNew);
    if (ways.length === 1 || (missing.length === 1 && ways.length === 1)) { use(ways[0]); return; }
    const dialog = at("way-dialog");
    at("way-title").textContent = text("connect", { name: source });
    at("ways").replaceChildren(...ways.map((way) => element("li", {}, element("button", { type: "button", "data-way": way.path.join("."), onclick: () => { dialog.close(); use(way); } },
      icon(way.isNew ? "plus" : way.target ? "arrow-right" : "alert-triangle"), " ", wayWords(way.path, Model.node(source)) || (way.isNew ? text("new_way") : Flow.word(way.path.at(-1))), " ",
      element("span", { class: "uc-meta" }, way.target ?? "")))));
    dialog.showModal();
  };
  const add = (kind) => {
    const { state } = Model, name = Model.freshName(kind), under = Model.box();
    const places = Object.values(state.places), below = Math.max(-120, ...places.map(([, y]) => y)) + 120;
    const free = (x, y) => !places.some(([px, py]) => Math.abs(px - x) < WIDTH && Math.abs(py - y) < HEIGHT + 24);
    let [x, y] = under ? [state.places[under.name][0], state.places[under.name][1] + 120] : [places[0]?.[0] ?? 0, below];
    while (!free(x, y)) x += WIDTH + 40;
    const values = {};
    for (const field of typeOf(kind).fields) if (field.required && field.kind === "choice") values[field.name] = field.choices[0];
    return Model.change([{ do: "add", node: name, data: { type: kind, ...values } }], { select: name, place: { name, x, y } }).then(() => reveal(name));
  };
  const removeSelected = () => {
    const edge = Canvas.edge;
    if (edge && lf.getEdgeModelById(edge.id)) {
      Canvas.edge = null;
      const paths = edge.properties.paths;
      const gone = paths.map((path) => (path.length > 1 && path.at(-1) === "next" ? { do: "set", path: ["nodes", edge.properties.from, ...path], value: null } : { do: "unset", path: ["nodes", edge.properties.from, ...path] }));
      Model.change(gone, { select: edge.properties.from });
    } else if (Model.state.selected) Model.change([{ do: "remove", node: Model.state.selected }], { select: null });
  };

  /* ---- size */
  const reveal = (name) => {
    const box = Model.state.places[name], { SCALE_X: scale, TRANSLATE_X: dx, TRANSLATE_Y: dy } = lf.getTransform();
    if (!box) return;
    const [x, y] = [box[0] * scale + dx, box[1] * scale + dy], [half, tall] = [(WIDTH / 2) * scale, (HEIGHT / 2) * scale];
    const { clientWidth: width, clientHeight: height } = at("canvas");
    if (x < half || y < tall || x > width - half || y > height - tall - 56) fit();
  };
  /* Whatever is chosen in the list, the text or a problem is seen: the picture is moved, at the size that it has. */
  const lookAt = (name) => {
    const box = Model.state.places[name], { SCALE_X: scale, TRANSLATE_X: dx, TRANSLATE_Y: dy } = lf.getTransform();
    if (!box) return;
    const [x, y] = [box[0] * scale + dx, box[1] * scale + dy], { clientWidth: width, clientHeight: height } = at("canvas");
    if (x < 0 || y < 0 || x > width || y > height - 56) lf.translate(width / 2 - x, height / 2 - y);
  };
  const showZoom = () => { at("zoom").textContent = `${Math.round(lf.getTransform().SCALE_X * 100)}%`; };
  const fit = () => {
    const boxes = graph().nodes, { clientWidth: width, clientHeight: height } = at("canvas");
    lf.resetZoom();
    lf.resetTranslate();
    if (!boxes.length || !width) { showZoom(); return; }
    const xs = boxes.map((box) => box.x), ys = boxes.map((box) => box.y);
    const [left, right, top, bottom] = [Math.min(...xs) - WIDTH / 2, Math.max(...xs) + WIDTH / 2, Math.min(...ys) - HEIGHT / 2, Math.max(...ys) + HEIGHT / 2];
    const scale = Math.max(0.3, Math.min(1, (width - 32) / (right - left), (height - 96) / (bottom - top)));
    lf.zoom(scale, [0, 0]);
    lf.translate(width / 2 - (scale * (left + right)) / 2, 24 - scale * top);
    showZoom();
  };
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    const way = Number(button.dataset.zoom);
    if (way) { lf.zoom(way > 0); showZoom(); } else fit();
  }));
  lf.on("graph:transform", showZoom);
  new ResizeObserver(() => { const { clientWidth, clientHeight } = at("canvas"); lf.resize(clientWidth, clientHeight); }).observe(at("canvas"));
  at("canvas").tabIndex = -1;

  const show = (what) => { live = what; draw(); };
  const count = (what) => { passages = what; draw(); };
  Model.on((what) => { if (what === "reading" || what === "selection") draw(); if (what === "selection") lookAt(Model.state.selected); });
  draw();
  fit();
  return { lf, add, connect, removeSelected, fit, show, count, edge: null, data };
})();
