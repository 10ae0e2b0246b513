// One plot: builds it once, changes it in place, and keeps what its reader did to it.

const kept = new Map() // by the chart's key: { x, y, hidden }; lives as long as the browser's page
const plots = new WeakMap() // by holder
const groups = new Map() // plots that share x, by the group's name

export function draw(holder, data) {
  speak(data)
  let plot = plots.get(holder)
  if (!plot) plots.set(holder, plot = new Plot(holder))
  plot.show(data)
  return () => {
    plot.stop()
    plots.delete(holder)
  }
}

class Plot {
  constructor(holder) {
    this.holder = holder
    this.style = made("style")
    this.style.textContent = STYLES
    this.heading = made("div", "title")
    this.legend = made("div", "legend")
    this.area = made("div", "area")
    this.area.tabIndex = 0
    this.area.setAttribute("role", "group")
    this.box = made("div", "crosshair")
    this.box.hidden = true
    this.reset = made("button", "reset", t("Show all"))
    this.reset.type = "button"
    this.reset.onclick = () => this.zoom({ x: null, y: null })
    this.spoken = made("div", "spoken")
    this.spoken.setAttribute("role", "status")
    this.details = made("details")
    this.probe = made("span", "probe")
    this.frame = made("div", "scroll")
    this.frame.tabIndex = 0
    this.details.append(made("summary", "", t("Table")), this.frame)
    holder.replaceChildren(this.style, this.heading, this.area, this.reset, this.legend, this.spoken, this.details, this.probe)
    this.area.onkeydown = event => this.onKey(event)
    this.area.onblur = () => { if (!this.area.matches(":hover")) this.point(null) }
    this.details.ontoggle = () => this.fillTable()
    this.probe.ontransitionstart = () => this.restyle()
    this.sizes = new ResizeObserver(() => this.resize())
    this.sizes.observe(this.area)
  }

  stop() {
    this.sizes.disconnect()
    this.leaveGroup()
    this.u?.destroy()
    this.u = null
  }

  show({ chart, key, title, titled }) {
    if (!kept.has(key)) kept.set(key, { x: null, y: null, hidden: new Set() })
    const before = this.chart
    this.view = kept.get(key)
    this.chart = chart
    this.names = chart.x.some(x => typeof x === "string") ? chart.x : null
    this.xs = this.names ? chart.x.map((_, k) => k) : chart.x
    this.title = title
    this.theme = themeOf(this.holder)
    this.joinGroup(chart.group)
    this.heading.textContent = title
    this.heading.hidden = !titled || !title
    const words = [title, chart.alt, t("Arrow keys read values off, plus and minus zoom, Escape shows all.")]
    this.area.setAttribute("aria-label", words.filter(Boolean).join(" "))
    this.drawLegend()
    if (this.u && isLike(before, chart)) this.refresh()
    else this.build()
    this.offerReset()
    this.fillTable()
  }

  drawLegend() {
    const focused = [...this.legend.children].indexOf(this.legend.getRootNode().activeElement)
    const items = legendOf(this.chart, this.view.hidden, this.theme, name => this.toggle(name))
    this.legend.replaceChildren(...items)
    this.legend.hidden = !items.length
    items[focused]?.focus({ preventScroll: true })
  }

  toggle(name) {
    const { hidden } = this.view
    if (!hidden.delete(name)) hidden.add(name)
    this.drawLegend()
    this.u?.batch(u => this.chart.series.forEach((series, k) => u.setSeries(k + 1, { show: !hidden.has(series.name) })))
  }

  size() {
    const width = Math.floor(this.area.clientWidth)
    const height = this.chart.square ? Math.min(this.chart.height, width) : this.chart.height
    return { width: this.chart.square ? height : width, height }
  }

  build() {
    const { width, height } = this.size()
    const empty = !this.chart.series.length || !this.xs.length
    this.area.style.minHeight = empty ? "6rem" : `${height || this.chart.height}px`
    this.details.hidden = empty
    this.u?.destroy()
    this.u = null
    if (empty) {
      this.area.replaceChildren(made("div", "empty", t("Nothing to draw yet.")))
      return
    }
    if (width < 40) return // hidden for now: `resize` builds it
    this.area.replaceChildren()
    this.u = new uPlot(optionsOf(this, width, height), this.data(), this.area)
    this.u.over.append(this.box)
    if (this.chart.square) this.u.root.classList.add("square")
  }

  data() {
    return [this.xs, ...this.chart.series.map(series => series.y)]
  }

  // New numbers in the old view; the crosshair stays where it is.
  refresh() {
    this.u.batch(u => {
      u.setData(this.data(), false)
      this.chart.series.forEach((series, k) => { u.series[k + 1].show = !this.view.hidden.has(series.name) })
      u.redraw(true, true)
    })
    const { width, height } = this.size()
    if (width >= 40 && (width !== this.u.width || height !== this.u.height)) this.resize()
    if (this.u.cursor.left >= 0) this.u.setCursor({ left: this.u.cursor.left, top: this.u.cursor.top })
  }

  resize() {
    if (!this.chart) return
    const { width, height } = this.size()
    if (width < 40) return
    if (!this.u) this.xs.length && this.build()
    else if (width !== this.u.width || height !== this.u.height) {
      this.area.style.minHeight = `${height}px`
      this.u.setSize({ width, height })
    }
    this.offerReset()
  }

  restyle() {
    if (!this.chart) return
    this.theme = themeOf(this.holder)
    this.drawLegend()
    this.u?.redraw(true, true)
  }

  fillTable() {
    if (this.details.open) this.frame.replaceChildren(tableOf(this.chart, this.names, this.title))
    else this.frame.replaceChildren()
  }

  // Ends of an axis: as zoomed, else as the chart says, else what fits what is shown.
  range(name) {
    return this.view[name] ?? (name === "x" ? fullX(this) : fullY(this))
  }

  zoom(view) {
    Object.assign(this.view, view)
    this.u?.redraw(true, true)
    this.offerReset()
    if ("x" in view) for (const other of this.others()) {
      other.view.x = view.x
      if (!view.x) other.view.y = null
      other.u?.redraw(true, true)
      other.offerReset()
    }
  }

  // A zoom is kept, so the way back has to be seen, and touched where there is no double click.
  offerReset() {
    this.reset.hidden = !this.u || !(this.view.x || this.view.y)
    if (this.reset.hidden) return
    const { offsetLeft, offsetTop, clientWidth } = this.u.over
    this.reset.style.top = `${this.area.offsetTop + offsetTop + 4}px`
    this.reset.style.right = `${this.area.clientWidth - offsetLeft - clientWidth + 4}px`
  }

  // The reader dragged over a part of the plot.
  onSelect() {
    const { select } = this.u
    if (select.width < 3 && select.height < 3) return
    const at = (pixels, name) => this.u.posToVal(pixels, name)
    const view = {}
    if (select.width < this.u.over.clientWidth) view.x = [at(select.left, "x"), at(select.left + select.width, "x")]
    if (select.height < this.u.over.clientHeight) view.y = [at(select.top + select.height, "y"), at(select.top, "y")]
    this.u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    this.zoom(view)
  }

  onKey(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }
    if (!this.u || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key in moves) {
      const last = this.xs.length - 1
      const from = this.u.cursor.idx ?? (moves[event.key] > 0 ? -1 : last + 1)
      this.point(Math.min(last, Math.max(0, from + moves[event.key])), true)
    } else if (event.key === "+" || event.key === "-") this.zoomAround(event.key === "+" ? 0.5 : 2)
    else if (event.key === "Escape" || event.key === "0") this.zoom({ x: null, y: null })
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  zoomAround(factor) {
    const { forth, back } = SCALES[this.chart.x_axis.scale]
    const [low, high] = this.range("x").map(forth)
    const middle = this.u.cursor.idx === null ? (low + high) / 2 : forth(this.xs[this.u.cursor.idx])
    const ends = [middle + (low - middle) * factor, middle + (high - middle) * factor]
    const [first, last] = fullX(this).map(forth)
    const all = ends[0] <= first && ends[1] >= last
    this.zoom(all ? { x: null, y: null } : { x: [Math.max(first, ends[0]), Math.min(last, ends[1])].map(back) })
  }

  // Put the crosshair on a point, or take it away.
  point(k, spoken = false) {
    if (!this.u) return
    if (k === null) this.u.setCursor({ left: -10, top: -10 })
    else {
      const first = this.chart.series.find(series => !this.view.hidden.has(series.name) && series.y[k] !== null)
      const top = first ? this.u.valToPos(first.y[k], "y") : 0
      this.u.setCursor({ left: this.u.valToPos(this.xs[k], "x"), top: Math.max(0, top) })
    }
    this.spoken.textContent = spoken && k !== null ? this.box.innerText.replace(/\s*\n\s*/g, ", ") : ""
  }

  onCursor() {
    const { left, top, idx } = this.u.cursor
    this.box.hidden = idx === null || idx === undefined || left < 0
    if (this.box.hidden) return
    fillCrosshair(this.box, this.chart, this.names, idx, this.view.hidden, this.theme)
    const [width, height] = [this.u.over.clientWidth, this.u.over.clientHeight]
    const at = this.u.valToPos(this.xs[idx], "x")
    const [wide, high] = [this.box.offsetWidth, this.box.offsetHeight]
    const beside = at > width / 2 ? at - wide - 12 : at + 12
    const room = this.area.clientWidth - this.u.over.offsetLeft - wide
    this.box.style.left = `${Math.max(-this.u.over.offsetLeft, Math.min(beside, room))}px`
    this.box.style.top = `${Math.max(0, Math.min(Math.max(top, 0) - high - 10, height - high))}px`
  }

  others() {
    return [...(groups.get(this.chart.group) ?? [])].filter(plot => plot !== this)
  }

  joinGroup(name) {
    if (this.group === name) return
    this.leaveGroup()
    this.group = name
    if (!name) return
    if (!groups.has(name)) groups.set(name, new Set())
    groups.get(name).add(this)
    const first = this.others()[0]
    if (first) this.view.x = first.view.x
  }

  leaveGroup() {
    groups.get(this.group)?.delete(this)
    this.group = ""
  }
}

const isLike = (before, now) =>
  now.x.length > 0 && before.square === now.square && before.group === now.group && before.x_axis.scale === now.x_axis.scale &&
  before.y_axis.scale === now.y_axis.scale && JSON.stringify(before.series.map(look)) === JSON.stringify(now.series.map(look))
const look = series => [series.draw, series.colour, series.dash, series.width]
