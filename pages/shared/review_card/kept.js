// What a browser keeps: steps until they are confirmed, and how its person likes the card. Several people may share a
// browser, so whatever is kept is kept for one of them. A store can be full or forbidden: then nothing is, and all works.

function remember(name, person, on) {
  keep(ownKey(name, person), on ? "1" : "0")
}

// Whether it was on. What earlier versions kept for everybody at a browser holds until the person chooses.
function remembered(name, person) {
  return (kept(ownKey(name, person)) ?? kept(name)) === "1"
}

const ownKey = (name, person) => `${name}.${encodeURIComponent(person)}`

function keep(key, words) {
  try {
    localStorage.setItem(key, words)
  } catch {
    // full or forbidden
  }
}

function kept(key) {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function unkeep(key) {
  try {
    localStorage.removeItem(key)
  } catch {
    // forbidden: there is nothing either
  }
}

function keptKeys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
  } catch {
    return []
  }
}
