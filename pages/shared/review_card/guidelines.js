// What each label means here: a line under each toggle, unfolded by a key; on hover and focus without; the whole on a click.

const GUIDED = "moderato.guidelines"
const HOVER_MS = 350

// A toggle with its line. `index` is the label's; the general guideline has none.
function guideRow(button, index) {
  const row = element("div", "", "labelrow")
  const line = guideLine(index + 1)
  line.id = "guide-" + index
  button.setAttribute("aria-describedby", line.id)
  row.append(button, line)
  return row
}

// `topic` counts from the general guideline, as the server lists them.
function guideLine(topic) {
  const line = element("div", "", "guide")
  const more = element("button", t("More"), "quiet")
  more.type = "button"
  more.dataset.act = "guide"
  more.dataset.index = topic
  line.dataset.topic = topic
  line.append(element("span"), " ", more)
  return line
}

function makeGuides(card) {
  const { view } = card
  view.q(".underlabels").after(guideLine(0))
  const labels = view.q(".labels")
  card.listen(labels, "pointerover", (event) => hintSoon(card, event.target.closest(".label")))
  card.listen(view.q(".side"), "pointerleave", () => hint(card, null))
  card.listen(labels, "focusin", (event) => event.target.matches(":focus-visible") && hint(card, event.target.closest(".label")))
  card.listen(labels, "focusout", () => hint(card, null))
  drawGuided(card)
}

function takeGuides(card, told) {
  if (!told) return
  card.guidelines = told
  for (const line of card.root.querySelectorAll(".guide")) {
    const topic = told.topics[line.dataset.topic]
    line.firstChild.replaceChildren()
    if (line.dataset.topic === "0") line.firstChild.append(element("b", topic.title + ": "))
    appendVisible(line.firstChild, Array.from(topic.line))
    line.querySelector("button").setAttribute("aria-label", t("Guideline on {label}", { label: topic.title }))
  }
}

function hintSoon(card, button) {
  clearTimeout(card.hinting)
  card.hinting = button ? setTimeout(() => hint(card, button), HOVER_MS) : null
}

// Over what stands below the toggles, so that nothing moves.
function hint(card, button) {
  clearTimeout(card.hinting)
  const box = card.view.q(".guidehint")
  const topic = button && card.guidelines && !card.settings.guided && card.guidelines.topics[Number(button.dataset.label) + 1]
  box.hidden = !topic
  box.replaceChildren()
  if (!topic) return
  box.append(element("b", topic.title + ": "))
  appendVisible(box, Array.from(topic.line))
}

function toggleGuides(card) {
  card.settings.guided = !card.settings.guided
  remember(GUIDED, card.desk.person, card.settings.guided)
  hint(card, null)
  drawGuided(card)
}

function drawGuided(card) {
  card.view.q(".side").classList.toggle("guided", card.settings.guided)
  card.view.button("guidelines").setAttribute("aria-expanded", String(card.settings.guided))
}

function openGuide(card, index) {
  const topic = card.guidelines && card.guidelines.topics[index]
  if (!topic) return
  const dialog = card.view.q(".guidetext")
  dialog.setAttribute("aria-label", t("Guideline on {label}", { label: topic.title }))
  dialog.querySelector("h2").textContent = topic.title
  dialog.querySelector(".facts").textContent = t("Version {version}, since {day}", { version: topic.version, day: dayWords(topic.since) })
  dialog.querySelector(".body").replaceChildren(...guideBlocks(topic.blocks))
  dialog.querySelector("a").href = "guidelines?topic=" + topic.topic
  dialog.showModal()
}

function guideBlocks(blocks) {
  const made = []
  for (const [kind, words] of blocks) {
    const place = element(kind === "heading" ? "h3" : kind === "point" ? "li" : "p")
    place.dir = "auto"
    appendVisible(place, Array.from(words))
    if (kind !== "point") made.push(place)
    else if (made.length && made.at(-1).tagName === "UL") made.at(-1).append(place)
    else made.push(listOf([place]))
  }
  return made
}
