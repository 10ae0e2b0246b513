// What I work on: the line under the strip, and the dialog in which it is chosen.

const ANY = { lanes: [], labels: [], sources: [], scripts: [], score_label: null, low: 0, high: 1 }

// -- the line -----------------------------------------------------------------------------------------------------------

function focusNames(card) {
  const { own, slices, beyond } = card.focus
  const names = [
    ...(beyond ? [] : slices),
    ...own.labels.map((index) => card.view.titles[index]),
    ...own.sources,
    ...own.scripts.map((code) => card.scriptTitles[code] || code),
    ...own.lanes.map((lane) => t(LANE_NAMES[lane])),
  ]
  if (own.low > 0 || own.high < 1) {
    const whose = own.score_label === null ? t("Highest score") : card.view.titles[own.score_label]
    names.push(`${whose} ${own.low.toFixed(2)}–${own.high.toFixed(2)}`)
  }
  return names
}

function drawFocus(card) {
  const box = card.root.querySelector(".focusline")
  if (!card.focus || !box) return
  const names = focusNames(card)
  const words = box.querySelector(".focuswords")
  words.replaceChildren()
  if (names.length) appendVisible(words, Array.from(shortened(names)))
  else words.textContent = t("Everything")
  words.title = visibleText(names.join(", "))
  const [here, outside] = focusCounts(card)
  setText(box.querySelector(".focuscount"), here === null ? "" : t("{here} here, {outside} outside", { here: count.format(here), outside: count.format(outside) }))
  card.root.querySelector(".emptyacts [data-act=widen]").hidden = !(here !== null && outside > 0)
}

function shortened(names) {
  const shown = names.slice(0, 3).map((name) => (name.length > 40 ? name.slice(0, 39) + "…" : name))
  return shown.join(", ") + (names.length > 3 ? ` +${names.length - 3}` : "")
}

// How many wait within and outside; null within where nothing is left out.
function focusCounts(card) {
  const all = card.counts ? Object.values(card.counts.waiting).reduce((sum, many) => sum + many, 0) : 0
  const here = card.focus ? card.focus.here : null
  return [here, here === null ? 0 : Math.max(0, all - here)]
}

// What an empty screen says while something is left out; null where the filter is not why.
function emptyFocusWords(card) {
  const [here, outside] = focusCounts(card)
  if (here !== 0 || !outside) return null
  const words = tn("{outside} comment waits outside of it.", "{outside} comments wait outside of it.", outside, { outside: count.format(outside) })
  return [t("Nothing waits in what you work on"), words + " " + t("New ones that fit appear here by themselves.")]
}

const outsideWords = (card) => {
  const [here, outside] = focusCounts(card)
  return here === null || !outside ? "" : " " + tn("{outside} waits outside of what you work on.", "{outside} wait outside of what you work on.", outside, { outside: count.format(outside) })
}

// Out of one's own choice first, then out of the slices.
function widen(card) {
  const own = JSON.stringify(card.focus.own) === JSON.stringify({ ...card.focus.own, ...ANY })
  card.chooseFocus({ own: ANY, beyond: card.focus.beyond || own })
}

// -- the dialog ---------------------------------------------------------------------------------------------------------

function openFocus(card) {
  const dialog = card.root.querySelector("dialog.focus")
  if (dialog.open) return dialog.close()
  card.ask("focus")
  drawFocusChoices(card, dialog, structuredClone(card.focus))
  dialog.showModal()
}

function drawFocusChoices(card, dialog, chosen) {
  const box = dialog.querySelector(".choices")
  const own = chosen.own
  const lanes = LANES.map((lane) => [lane, t(LANE_NAMES[lane]), card.counts ? card.counts.waiting[lane] : null])
  const sources = withChosen(card.origins ? card.origins.sources : [], own.sources).map(([name, many]) => [name, name, many])
  const scripts = card.origins ? card.origins.scripts : own.scripts.map((code) => [code, card.scriptTitles[code] || code, null])
  const parts = [
    boxes("lanes", t("Lanes"), lanes, own.lanes),
    boxes("labels", t("Labels that the model gives"), card.view.titles.map((title, index) => [index, title, null]), own.labels),
    boxes("sources", t("Sources"), sources, own.sources),
    boxes("scripts", t("Scripts"), scripts, own.scripts),
    scoreChoice(card, own),
  ]
  if (chosen.slices.length) parts.unshift(sliceChoice(chosen))
  box.replaceChildren(...parts)
  dialog.querySelector(".loading").hidden = Boolean(card.origins)
}

// What was chosen stays in the list though none of it waits.
const withChosen = (listed, names) => [...listed, ...names.filter((name) => !listed.some(([other]) => other === name)).map((name) => [name, 0])]

function boxes(name, title, options, chosen) {
  const made = element("fieldset")
  made.append(element("legend", title))
  const list = element("div", "", name === "sources" || name === "scripts" ? "options long" : "options")
  for (const [value, words, many] of options) {
    const line = element("label", "", "option")
    const input = element("input")
    Object.assign(input, { type: "checkbox", name, value: String(value), checked: chosen.includes(value) })
    const said = element("span", "", "name")
    appendVisible(said, Array.from(words))
    line.append(input, said)
    if (many !== null) line.append(element("span", count.format(many), "many"))
    list.append(line)
  }
  if (!options.length) list.append(element("span", t("Nothing waits."), "soft"))
  made.append(list)
  return made
}

function sliceChoice(chosen) {
  const made = element("fieldset")
  made.append(element("legend", t("Slices that a lead gave you")))
  for (const [value, names] of [["", chosen.slices.join(", ")], ["1", t("Everything, beyond my slices too")]]) {
    const line = element("label", "", "option")
    const input = element("input")
    Object.assign(input, { type: "radio", name: "beyond", value, checked: chosen.beyond === Boolean(value) })
    const said = element("span", "", "name")
    appendVisible(said, Array.from(names))
    line.append(input, said)
    made.append(line)
  }
  return made
}

function scoreChoice(card, own) {
  const made = element("fieldset")
  made.append(element("legend", t("Range of scores")))
  const line = element("div", "", "score-choice")
  const which = element("select")
  which.name = "score_label"
  which.setAttribute("aria-label", t("Whose score"))
  which.append(new Option(t("Highest score"), ""), ...card.view.titles.map((title, index) => new Option(title, String(index))))
  which.value = own.score_label === null ? "" : String(own.score_label)
  line.append(which, scoreInput("low", t("from"), own.low), scoreInput("high", t("to"), own.high))
  made.append(line)
  return made
}

function scoreInput(name, words, value) {
  const line = element("label", words + " ")
  const input = element("input")
  Object.assign(input, { type: "number", name, min: "0", max: "1", step: "0.01", value: String(value) })
  line.append(input)
  return line
}

function readFocus(dialog) {
  const all = (name) => [...dialog.querySelectorAll(`input[name=${name}]:checked`)].map((input) => input.value)
  const share = (name, otherwise) => {
    const value = Number.parseFloat(dialog.querySelector(`input[name=${name}]`).value)
    return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : otherwise
  }
  const label = dialog.querySelector("select[name=score_label]").value
  const beyond = dialog.querySelector("input[name=beyond]:checked")
  return {
    own: {
      lanes: all("lanes"), labels: all("labels").map(Number), sources: all("sources"), scripts: all("scripts"),
      score_label: label === "" ? null : Number(label), low: share("low", 0), high: share("high", 1),
    },
    beyond: Boolean(beyond && beyond.value),
  }
}

// Origins that come while the dialog is open: what was ticked meanwhile stays.
function originsTold(card, origins) {
  if (!origins) return
  card.origins = origins
  for (const [code, title] of origins.scripts) card.scriptTitles[code] = title
  const dialog = card.root.querySelector("dialog.focus")
  if (!dialog.open) return
  const active = card.root.activeElement
  const place = active && active.name ? [active.name, active.value] : null
  drawFocusChoices(card, dialog, { ...readFocus(dialog), slices: card.focus.slices })
  if (place) [...dialog.querySelectorAll(`[name=${place[0]}]`)].find((one) => one.type === "number" || one.value === place[1])?.focus()
}
