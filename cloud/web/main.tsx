/** Starts the page: the one place that touches the browser's clock, address and network. */
import './strict-csp.ts';
import { createRoot } from 'react-dom/client';
import { createClock } from '../../protocol/ports/clock.ts';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './styles.css';

const clock = createClock({
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => window.setTimeout(task, delayMs),
  clearTimeout: (handle) => window.clearTimeout(Number(handle)),
});

/** A token in the address signs in once and is taken out of it, so that it stays in no history or bookmark. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token') ?? undefined;
  if (token !== undefined) {
    window.history.replaceState(null, '', window.location.pathname + window.location.search);
  }
  return token;
}

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
createRoot(root).render(
  <App
    clock={clock}
    fetchUrl={(url, init) => window.fetch(url, init)}
    openLive={(url) => new EventSource(url)}
    token={takeToken()}
  />,
);
