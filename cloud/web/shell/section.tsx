/** The frame of a section: its anchor, heading, and what it says while it has nothing to show. */
import type { ReactNode } from 'react';
import type { IconPart } from './icons.tsx';
import { ProblemNote } from './problem-note.tsx';
import type { ResourceState } from './resource.ts';

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly icon: IconPart;
  /** Beside the heading. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ id, title, icon: IconOf, aside, children }: SectionProps) {
  return (
    <section id={id} className={`section section-${id}`} aria-labelledby={`${id}-title`}>
      <header className="section-head">
        <h2 id={`${id}-title`}>
          <IconOf size={20} />
          {title}
        </h2>
        {aside !== undefined && <div className="section-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

interface LoadedProps<T> {
  readonly state: ResourceState<T[]>;
  /** What will appear here, and when. */
  readonly empty: string;
  readonly children: (items: T[]) => ReactNode;
}

/** A list that was fetched: a placeholder before, a sentence when it is empty, the problem above what is known. */
export function Loaded<T>({ state, empty, children }: LoadedProps<T>) {
  const { data, problem } = state;
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      {data === undefined && !problem && <div className="skeleton" role="status" aria-label="Loading" />}
      {data?.length === 0 && <p className="empty">{empty}</p>}
      {data !== undefined && data.length > 0 && children(data)}
    </>
  );
}
