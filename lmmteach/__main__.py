"""The command ``lmmteach``: what whoever teaches needs, from a terminal."""

import argparse
import sys
from importlib import import_module

from lmmteach import __version__

# What each sub-command is for. The module is imported only when the command is used; it has
# ``arguments(parser)`` and ``run(options)``, which returns the status with which to end.
COMMANDS = {
    "mark": ("mark submitted worksheets", "lmmteach.teaching.mark"),
    "roster": ("print each student's data and answers", "lmmteach.teaching.roster"),
}
# ``lmmteach export FORMAT OUT``.
EXPORTS = {
    "nbgrader": ("a course for nbgrader", "lmmteach.teaching.nbgrader"),
    "moodle": ("a question bank in Moodle's XML", "lmmteach.teaching.moodle"),
    "qti": ("a question bank in QTI, for Canvas and Blackboard", "lmmteach.teaching.qti"),
}


def main(arguments=None):
    """Run the command; return the status with which the program should end.

    Parameters
    ----------
    arguments : list of texts; what was typed behind ``lmmteach`` if None
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # Only the module of the command that was asked for is needed, and its help is there then.
    options = _parser(set(arguments)).parse_args(arguments)
    try:
        return options.run(options) or 0
    except (OSError, ValueError) as error:
        print(f"lmmteach: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lmmteach: stopped", file=sys.stderr)
        return 130


def _parser(typed):
    parser = argparse.ArgumentParser(
        prog="lmmteach", description="What whoever teaches with lmmteach needs."
    )
    parser.add_argument("--version", action="version", version=f"lmmteach {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add(commands, COMMANDS, typed)
    export = commands.add_parser("export", help="write the exercises in another form")
    formats = export.add_subparsers(dest="format", metavar="FORMAT", required=True)
    for command in _add(formats, EXPORTS, typed):
        command.add_argument("out", metavar="OUT", help="where to write it")
    return parser


def _add(commands, table, typed):
    parsers = []
    for name, (purpose, module) in table.items():
        parser = commands.add_parser(name, help=purpose)
        parsers.append(parser)
        if name in typed:
            room = import_module(module)
            parser.description = room.__doc__
            parser.formatter_class = argparse.RawDescriptionHelpFormatter
            room.arguments(parser)
            parser.set_defaults(run=room.run)
    return parsers


if __name__ == "__main__":
    sys.exit(main())
