"""The images of a run on the workers of a cluster: pieces go out, results come back into the run's checkpoint."""

from __future__ import annotations

from convert.data.dataset import Dataset
from convert.options import Progress
from deploy.foreign import DaskClient
from deploy.runs.checkpoint import RunCheckpoint
from deploy.runs.images import pieces_left
from deploy.targets.names import TargetName
from deploy.targets.registry import Job

from .tasks import finished
from .worker import content_of, run_sent, sent_images


def run_missing_on(
    client: DaskClient,
    target: TargetName,
    job: Job,
    dataset: Dataset,
    checkpoint: RunCheckpoint,
    title: str,
    progress: Progress,
) -> int:
    """Runs the images that ``checkpoint`` has not yet on the workers of ``client``; returns how many."""
    content = content_of(target, job)
    todo = pieces_left(content.job, dataset, checkpoint)
    count = sum(len(piece.images) for piece in todo)
    if not todo:
        return 0
    with progress(title, count) as advance:
        each = finished(client, run_sent, content, content.key, todo, lambda piece: sent_images(dataset, piece))
        for piece, results in each:
            for i, result in zip(piece.images, results, strict=True):
                checkpoint.write(i, result)
                advance(1)
    return count
