/** A problem as the API reports it: what, about what, and what to do. */
import type { Problem } from '../../contract/problem.ts';
import { WarningIcon } from './icons.tsx';

export function ProblemNote({ problem }: { problem: Problem }) {
  return (
    <div className="problem" role="alert">
      <WarningIcon />
      <div>
        <strong>{problem.title}</strong>
        {problem.detail !== '' && <span>{problem.detail}</span>}
        {problem.advice !== '' && <span className="muted">{problem.advice}</span>}
      </div>
    </div>
  );
}
