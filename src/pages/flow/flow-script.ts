/**
 * The script of `/flow`. It inserts the HTML that the event stream brings. Without the script the page is complete, and a
 * reload shows what is new.
 */
import { inlineScript } from '../../base/ui/page.ts'

/** The element `#live` says which events to ask for, and shows whether the page is live. */
export const liveScript = inlineScript(`(() => {
  const live = document.getElementById('live')
  const { page, seen } = live.dataset
  let { watched } = live.dataset
  let source

  const say = text => { live.textContent = text }
  const sayLive = () => {
    say('Live: new messages appear as they arrive.')
    if (!watched.startsWith('list&')) return
    say('Live: only this flow, while you read it. ')
    live.append(Object.assign(document.createElement('a'), { href: page, textContent: 'Follow the newest' }))
  }

  // The place of an element: its arrow, and its href or index within the arrow. After its surroundings are replaced, the
  // element is found again by its place, so that open arrows stay open and the focus stays where it was.
  const scopeOf = (root, item) => item ? document.getElementById(item) : root
  const placeOf = (root, element) => {
    const item = element.closest('li[id^="x-"]')?.id
    const alike = [...scopeOf(root, item).querySelectorAll(element.localName)]
    return { item, name: element.localName, href: element.getAttribute('href'), index: alike.indexOf(element) }
  }
  const atPlace = (root, { item, name, href, index }) => {
    const alike = [...scopeOf(root, item)?.querySelectorAll(name) ?? []]
    return alike.find(element => href !== null && element.getAttribute('href') === href) ?? alike[index]
  }
  const replace = (id, text) => {
    const old = document.getElementById(id)
    if (!old) return
    const open = [...old.querySelectorAll('details[open]')].map(details => placeOf(old, details))
    const focused = old.contains(document.activeElement) ? placeOf(old, document.activeElement) : undefined
    old.outerHTML = text
    const root = document.getElementById(id)
    for (const place of open) if (place.item) atPlace(root, place)?.setAttribute('open', '')
    if (focused) atPlace(root, focused)?.focus({ preventScroll: true })
  }

  // Keep the end of the diagram in view for those who are looking at it.
  const add = text => {
    const atEnd = innerHeight + scrollY > document.documentElement.scrollHeight - 200
    const list = document.getElementById('diagram')
    list.insertAdjacentHTML('beforeend', text)
    list.lastElementChild.classList.add('arrived')
    if (atEnd) list.lastElementChild.scrollIntoView({ block: 'nearest' })
  }

  const close = () => source?.close()
  const connect = () => {
    close()
    source = new EventSource(page + '/events?' + watched + '&seen=' + seen)
    source.onopen = sayLive
    source.onerror = () => {
      const triesAgain = source.readyState !== EventSource.CLOSED
      if (triesAgain) return say('Not live: the server does not answer. A restart deletes its flows.')
      say('Not live: too many pages are open. Close one, or reload this page to see what is new.')
      setTimeout(() => document.hidden || connect(), 30000)
    }
    for (const id of ['flows', 'flow', 'flow-head']) source.addEventListener(id, event => replace(id, event.data))
    source.addEventListener('exchange', event => add(event.data))
    source.addEventListener('moved', event => location.replace(event.data))
    source.addEventListener('gone', () => {
      close()
      say('Not live: the server no longer keeps this flow.')
    })
  }
  connect()

  // A browser has only a few connections per host, so a hidden page closes its stream.
  document.addEventListener('visibilitychange', () => document.hidden ? close() : connect())

  // Opening an arrow means reading this flow, so a new flow must not replace it.
  document.addEventListener('toggle', ({ target }) => {
    const flow = target.closest('#flow')?.dataset.flow
    if (watched !== 'list' || !target.open || !flow) return
    watched = 'list&flow=' + flow
    connect()
  }, true)
})()`)
