/**
 * The one script of `/flow`: it puts in place what the event stream brings, which is HTML that the server made. Without it
 * the page is whole, and shows what is new when it is loaded again.
 */
import { inlineScript } from '../../base/ui/page.ts'

/** It is told by the line `#live` which stream to ask for, and says there whether it is live. */
export const liveScript = inlineScript(`(() => {
  const live = document.getElementById('live')
  const { page, seen } = live.dataset
  let { watched } = live.dataset
  let source

  const say = text => { live.textContent = text }
  const sayLive = () => {
    say('Live: what happens is drawn as it happens.')
    if (!watched.startsWith('list&')) return
    say('Live: this flow alone, while you read it. ')
    live.append(Object.assign(document.createElement('a'), { href: page, textContent: 'Follow the newest' }))
  }

  // The place of an element: the arrow that it belongs to, and its address or its number in there. By its place it is found
  // again in what replaces it, so that what was open stays open, and the focus stays where it was.
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

  // Whoever looks at the end of the diagram goes on looking there.
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
      if (triesAgain) return say('The server does not answer. Its flows are gone when it starts again.')
      say('Not live, since other pages are. Close one, or reload this to see what is new.')
      setTimeout(() => document.hidden || connect(), 30000)
    }
    for (const id of ['flows', 'flow', 'flow-head']) source.addEventListener(id, event => replace(id, event.data))
    source.addEventListener('exchange', event => add(event.data))
    source.addEventListener('moved', event => location.replace(event.data))
    source.addEventListener('gone', () => {
      close()
      say('No longer live: the server keeps this flow no more.')
    })
  }
  connect()

  // Each stream is one of the few connections that a browser has for a host: a page that nobody sees needs none.
  document.addEventListener('visibilitychange', () => document.hidden ? close() : connect())

  // Whoever opens an arrow reads this flow: another one that begins does not take it away.
  document.addEventListener('toggle', ({ target }) => {
    const flow = target.closest('#flow')?.dataset.flow
    if (watched !== 'list' || !target.open || !flow) return
    watched = 'list&flow=' + flow
    connect()
  }, true)
})()`)
