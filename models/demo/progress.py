"""Shows on the terminal how far the preparation of the weights has come."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class ConsoleProgress:
    """Implements weights.Progress: one bar a task, the one before it filled. Silent until the first task begins."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        self._bars = Progress(*columns, TimeElapsedColumn(), console=console)
        self._console = console
        self._task: TaskID | None = None

    def __enter__(self) -> "ConsoleProgress":
        return self

    def __exit__(self, *failure: object) -> None:
        if failure[0] is None:
            self._fill()
        if self._bars.live.is_started:
            self._bars.stop()

    def begin(self, task: str, total: int | None = None) -> None:
        self._fill()
        if not self._console.is_terminal:
            self._console.print(f"{task} ...")
            return
        self._bars.start()
        self._task = self._bars.add_task(task, total=total)

    def reach(self, done: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done)

    def _fill(self) -> None:
        if self._task is not None:
            total = self._bars.tasks[-1].total or 1
            self._bars.update(self._task, total=total, completed=total)
            self._bars.stop_task(self._task)
            self._task = None
