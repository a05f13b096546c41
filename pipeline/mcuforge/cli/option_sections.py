"""The help of commands with many options, in sections."""

from __future__ import annotations

import click

_OTHERS = "Options"
# Section -> names of the parameters whose options it holds; all others come first, as `_OTHERS`.
SECTIONS = {
    "Samples": (
        *("samples", "inputs_file", "held_out", "count", "steps", "labels", "label_names"),
        *("metric", "normal", "divide_by"),
    ),
    "Quantisation": (
        *("calibration", "percentile", "layers", "no_layers", "bits", "activations", "weights"),
        *("bias_correction", "equalization"),
    ),
    "Engine and simulator": (
        *("engine", "optimize", "memory", "tighten_arena", "simulator", "renode", "port"),
    ),
    "Gates (exit code 1 where one does not hold)": (
        *("max_flash", "max_ram", "max_instructions", "max_cycles", "max_difference"),
        *("baseline", "max_growth", "min_accuracy", "min_metric", "max_metric", "no_gates"),
    ),
    "Records": ("history", "junit", "markdown"),
}
_SECTION_OF = {name: title for title, names in SECTIONS.items() for name in names}


class SectionedCommand(click.Command):
    """A command whose help shows the options in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click's, section by section; the columns are as wide in each."""
        rows: dict[str, list[tuple[str, str]]] = {title: [] for title in (_OTHERS, *SECTIONS)}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None and isinstance(parameter, click.Option):
                rows[_SECTION_OF.get(str(parameter.name), _OTHERS)].append(row)
        for title, section in rows.items():
            if section:
                with formatter.section(title):
                    formatter.write_dl(section)
