/** What was received and could not take effect: how many, and each with its reason. */

import { Ago } from '../../shell/ago.tsx';
import { Badge } from '../../shell/badge.tsx';
import { useResource, useSite } from '../../shell/context.ts';
import { countOf, formatCount } from '../../shell/format.ts';
import { CheckIcon, WarningIcon } from '../../shell/icons.tsx';
import { ProblemNote } from '../../shell/problem-note.tsx';

export function DeadLetters() {
  const { data } = useSite();
  const { data: letters, problem } = useResource(data.deadLetters);
  const counted = useResource(data.status).data?.counters.deadLetters ?? 0;
  const count = Math.max(letters?.length ?? 0, counted);
  return (
    <details className="card dead-letters" data-testid="dead-letters">
      <summary>
        Dead letters
        {count === 0 ? (
          <Badge tone="ok" icon={CheckIcon}>
            none
          </Badge>
        ) : (
          <Badge tone="warning" icon={WarningIcon}>
            {formatCount(count)}
          </Badge>
        )}
      </summary>
      {problem && <ProblemNote problem={problem} />}
      {(letters === undefined || letters.length === 0) && (
        <p className="muted small">
          Events that could not take effect appear here with their reason; they never stop the ones behind
          them.
        </p>
      )}
      <ul>
        {(letters ?? []).map((letter) => (
          <li key={letter.id}>
            <b>{letter.code}</b> <span>{letter.detail}</span>
            <span className="muted small">
              {letter.gateway ?? 'unknown gateway'}
              {letter.lane !== null && `, ${letter.lane}`}
              {letter.seq !== null && ` ${letter.seq}`}, <Ago at={letter.receivedAt} />
              {letter.times > 1 && `, ${countOf(letter.times, 'time')}`}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
