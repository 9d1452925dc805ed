"""One version, whoever says it; and no release under another tag."""

import pytest
import release

import lmmteach as lt


def test_package_citation_and_changelog_name_one_version():
    assert release.version() == lt.__version__
    assert release.disagreements(f"v{lt.__version__}") == []


@pytest.mark.parametrize("tag", ["v9.9.9", "9.9.9", ""])
def test_a_tag_of_another_version_is_no_release(tag):
    (problem,) = release.disagreements(tag)
    assert problem.startswith("The tag says")
    assert lt.__version__ in problem


def test_a_forgotten_changelog_is_noticed(tmp_path, monkeypatch):
    for name in ("lmmteach/__init__.py", "CITATION.cff", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = (release.ROOT / name).read_text(encoding="utf-8")
        if name != "CHANGELOG.md":
            text = text.replace(lt.__version__, "7.0.0")
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(release, "ROOT", tmp_path)
    (problem,) = release.disagreements("v7.0.0")
    assert "CHANGELOG.md" in problem


def test_the_release_says_what_the_changelog_says():
    heading, text = release.news()
    assert heading == lt.__version__
    assert "##" not in text
    assert "\n- " in f"\n{text}"
