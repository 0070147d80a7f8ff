/** What must be seen from anywhere on the page: how many exceptions, what is held, whether this is live. */
import type { Exception } from '../../contract/exceptions.ts';
import { useLiveState, useResource, useServerNow, useSite } from './context.ts';
import { countOf } from './format.ts';
import {
  BoxIcon,
  ChipIcon,
  CriticalIcon,
  DoorIcon,
  type IconPart,
  LockIcon,
  SignOutIcon,
  SnowIcon,
  TruckIcon,
  WarningIcon,
} from './icons.tsx';
import type { LiveState } from './live.ts';
import { Brand } from './sign-in.tsx';

const SECTIONS: readonly (readonly [id: string, title: string, icon: IconPart])[] = [
  ['doors', 'Doors', DoorIcon],
  ['exceptions', 'Exceptions', WarningIcon],
  ['rooms', 'Cold rooms', SnowIcon],
  ['shipments', 'Shipments', TruckIcon],
  ['stock', 'Stock', BoxIcon],
  ['devices', 'Devices', ChipIcon],
];

export function TopBar({ onSignOut }: { onSignOut: () => Promise<void> }) {
  const { data, user } = useSite();
  const site = useResource(data.status).data?.site;
  return (
    <header className="top-bar">
      <div className="top-row">
        <div className="identity">
          <Brand />
          <h1>
            Tallyport
            {site !== undefined && <span className="site-name">{site}</span>}
          </h1>
        </div>
        <Counts />
        <div className="top-end">
          <ServerClock />
          <LivePill />
          <span className="user" title={`Role: ${user.role}`}>
            {user.name}
          </span>
          <button
            type="button"
            className="button icon-only"
            aria-label="Sign out"
            onClick={() => void onSignOut()}
          >
            <SignOutIcon />
          </button>
        </div>
      </div>
      <nav className="anchors" aria-label="Sections">
        {SECTIONS.map(([id, title, IconOf]) => (
          <a key={id} href={`#${id}`}>
            <IconOf size={16} />
            {title}
          </a>
        ))}
      </nav>
    </header>
  );
}

function Counts() {
  const { data } = useSite();
  const exceptions = useResource(data.exceptions).data ?? [];
  const held = new Set((useResource(data.holds).data ?? []).map(({ epc }) => epc)).size;
  const open = exceptions.filter(({ status }) => status === 'raised' || status === 'acknowledged');
  const withSeverity = (severity: Exception['severity']) =>
    open.filter((exception) => exception.severity === severity).length;
  const critical = withSeverity('critical');
  const warning = withSeverity('warning');
  return (
    <div className="counts">
      <a href="#exceptions" className={`count ${critical > 0 ? 'tone-critical' : 'tone-neutral'}`}>
        <CriticalIcon size={16} />
        <b>{critical}</b> critical
      </a>
      <a href="#exceptions" className={`count ${warning > 0 ? 'tone-warning' : 'tone-neutral'}`}>
        <WarningIcon size={16} />
        <b>{warning}</b> {warning === 1 ? 'warning' : 'warnings'}
      </a>
      <a
        href="#exceptions"
        className={`count ${held > 0 ? 'tone-warning' : 'tone-neutral'}`}
        title={`${countOf(held, 'object')} may not move`}
      >
        <LockIcon size={16} />
        <b>{held}</b> on hold
      </a>
    </div>
  );
}

function ServerClock() {
  const now = useServerNow();
  if (Number.isNaN(now)) return null;
  const text = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return (
    <time className="server-clock" dateTime={new Date(now).toISOString()} title="The time of the cloud">
      {text.format(now)}
    </time>
  );
}

const LIVE_TEXTS: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
};

function LivePill() {
  const state = useLiveState();
  return (
    <span className={`live live-${state}`} role="status" data-testid="live-state" data-state={state}>
      <span className="live-dot" aria-hidden="true" />
      {LIVE_TEXTS[state]}
    </span>
  );
}
