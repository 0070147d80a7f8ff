/** How long ago something was, in the cloud's time; the exact time on hover. */
import { useServerNow } from './context.ts';
import { formatAge, formatTime } from './format.ts';

export function Ago({ at }: { at: string }) {
  const now = useServerNow();
  return (
    <time dateTime={at} title={formatTime(Date.parse(at), now)}>
      {formatAge(Date.parse(at), now)}
    </time>
  );
}

export function TimeOfDay({ at }: { at: string }) {
  const now = useServerNow(60_000);
  return (
    <time dateTime={at} title={at}>
      {formatTime(Date.parse(at), now)}
    </time>
  );
}
