"""The table of settings in docs/operating.md is the one that the code makes."""

from pathlib import Path

from click.testing import CliRunner

from calotype.cli.main import main
from calotype.cli.settings import every_setting, table, with_table
from calotype.settings import load_settings, unknown_names

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"


def test_the_page_has_the_table_as_it_is_now() -> None:
    page = PAGE.read_text()
    assert table() in page
    assert page == with_table(page), "run make docs"


def test_each_setting_has_a_meaning_and_a_variable_that_the_program_knows() -> None:
    settings = list(every_setting())
    assert all(len(each.meaning) > 10 for each in settings)
    assert unknown_names({each.variable: "" for each in settings}) == []
    # Values as the table writes them are what is read again.
    defaults = {each.variable: each.default.strip("`") for each in settings if "`" in each.default}
    assert load_settings(defaults) == load_settings({})


def test_the_command_writes_the_table_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text().replace("| `bind` |", "| `bound` |"))
    done = CliRunner().invoke(main, ["settings", "--into", str(page)])
    assert (done.exit_code, done.output) == (0, "")
    assert page.read_text() == PAGE.read_text()
    assert CliRunner().invoke(main, ["settings"]).output == table()
