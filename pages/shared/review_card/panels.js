// The parts below the labels, in order. Each draws what it knows of the comment into a box of its own:
// {name, act (of the key that unfolds it), draw(box, item, card)}. Whether it is unfolded is item.choice[act].

const PANELS = [raidPanel, historyPanel, nearestPanel, contextPanel]

function makePanels(side) {
  for (const panel of PANELS) side.append(element("div", "", "panel " + panel.name))
}

function drawPanels(side, item, card) {
  const focused = side.getRootNode().activeElement
  const kept = focused && side.contains(focused) && focused.dataset.act ? { ...focused.dataset } : null
  for (const panel of PANELS) {
    const box = side.querySelector(".panel." + panel.name)
    box.replaceChildren()
    panel.draw(box, item, card)
  }
  if (kept) focusAgain(side, kept)
}

// What had the focus was drawn anew: its like gets it, or what unfolds the panel it was in.
function focusAgain(side, { act, index = "" }) {
  const same = [...side.querySelectorAll(`[data-act="${act}"]`)].find((one) => (one.dataset.index || "") === index)
  const other = same || side.querySelector(".around")
  if (other) other.focus({ preventScroll: true })
}

function foldButton(act, unfolded, words) {
  const toggle = element("button", words + " ", "quiet")
  toggle.type = "button"
  toggle.dataset.act = act
  toggle.setAttribute("aria-expanded", String(Boolean(unfolded)))
  const hint = element("kbd", keyName(keyOf(act)))
  hint.dataset.key = act
  toggle.append(hint)
  return toggle
}
