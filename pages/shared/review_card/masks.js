// How much of a text is drawn: what its reader chose, less the steps that V took. Never more than that, not for a frame.

const SEEN_CHARS = 4000 // code points in which words are looked for; the rest stays masked at the step of words

// The steps of a text, from how it begins to open. Words are no step where none are known to carry the label.
function maskSteps(item, settings) {
  const first = settings.maskAll ? "whole" : item.mask
  if (first === "open") return ["open"]
  const words = !wordsKnown(item) || coversOf(item).length > 0
  return [...(first === "whole" || !words ? ["whole"] : []), ...(words ? ["words"] : []), "open"]
}

// What is drawn now. While highlights are on their way, the step of words is drawn whole.
function maskNow(item, settings) {
  const step = stepNow(item, settings)
  return step === "words" && !wordsKnown(item) ? "whole" : step
}

function stepNow(item, settings) {
  const steps = maskSteps(item, settings)
  return steps.includes(item.choice.step) ? item.choice.step : steps[0]
}

// The next step; after the last, how the text began.
function nextStep(item, settings) {
  const steps = maskSteps(item, settings)
  return steps[(steps.indexOf(stepNow(item, settings)) + 1) % steps.length]
}

// Blind items and those without scores have no highlights: their words are the list's alone.
const wordsKnown = (item) => !item.scores || Boolean(item.spans) || item.asked >= 20

// Stretches of code points that the step of words masks, sorted and apart: the list's words and the highlights.
function coversOf(item) {
  if (item.covers && item.coversFrom === item.spans) return item.covers
  const all = [...(item.words || []), ...(item.spans || []).map(([start, end]) => [start, end])].sort((a, b) => a[0] - b[0])
  const apart = []
  for (const [start, end] of all) {
    const last = apart.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else apart.push([start, end])
  }
  item.coversFrom = item.spans
  return (item.covers = apart)
}

// Blocks for eyes; screen readers hear that something is masked, once, and never a letter of it.
function blocks(text, aloud) {
  const made = document.createDocumentFragment()
  const shape = element("span", maskOf(text), "cover")
  shape.setAttribute("aria-hidden", "true")
  made.append(shape)
  if (aloud) made.append(element("span", aloud, "aloud"))
  return made
}

function drawCovered(box, text, covers) {
  const characters = Array.from(text)
  const seen = characters.slice(0, SEEN_CHARS)
  let at = 0
  for (const [start, end] of covers) {
    if (start < at || start >= seen.length) continue
    appendVisible(box, lineFeeds(seen.slice(at, start)))
    box.append(blocks(seen.slice(start, end).join(""), t("masked")))
    at = end
  }
  appendVisible(box, lineFeeds(seen.slice(at)))
  if (characters.length > SEEN_CHARS) box.append(blocks(characters.slice(SEEN_CHARS).join(""), t("The rest is masked.")))
}

// What the steps are taken on for a text beside the comment: {text, mask, words}. Its highlights are not known.
function besideOf(remark) {
  remark.steps = remark.steps || { mask: remark.mask || "open", words: remark.words || [], scores: null, choice: {} }
  return remark.steps
}
