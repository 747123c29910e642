"""``mvtri models``: list, show, get and add, and one sentence with exit code 1 for what goes wrong."""

import hashlib
from pathlib import Path

import pytest

from mvtri.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Every test has a folder of the user's own, empty at first."""
    monkeypatch.setenv("MVTRI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(capsys):
    def call(*args):
        with pytest.raises(SystemExit) as caught:
            main(["models", *map(str, args)])
        out, err = capsys.readouterr()
        return caught.value.code, out, err

    return call


def test_the_list_lines_up_and_says_where_files_are(run):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    lines = out.splitlines()[: out.splitlines().index("")]
    starts = [lines[0].index(column) for column in ("name", "finds", "keypoints", "input", "licence", "file")]
    for line in lines:
        assert all(line[start - 1] == " " and line[start] != " " for start in starts[1:])
    rows = {line.split()[0]: line for line in lines[2:]}
    assert rows["mvtri-demo"].endswith("built-in")
    assert rows["spinepose-l"].endswith("to download")
    assert "CC-BY-NC-4.0" in rows["spinepose-l"]
    assert rows["hrnet-w32"].endswith("bring your own")
    assert "person boxes" in rows["rtmdet-nano"]


def test_show_tells_all_and_says_what_is_not_known(run, home):
    code, out, _ = run("show", "spinepose-l")
    assert code == 0
    assert "https://huggingface.co/dfki-av/spinepose/resolve/main/spinepose-l_32xb256-10e_spinetrack" in out
    assert "not known; recorded when the file is first downloaded" in out
    assert f"{home / 'models' / 'spinepose-l'}" in out
    assert "needs person boxes" in out
    _, out, _ = run("show", "mvtri-demo")
    assert "finds people by itself" in out
    assert "rendered" in out


def test_a_card_shown_as_toml_is_a_card_to_start_from(run, tmp_path):
    from mvtri.models import read_card

    code, out, _ = run("show", "rtmpose-m", "--toml")
    (tmp_path / "card.toml").write_text(out, encoding="utf-8")
    assert code == 0
    assert read_card(tmp_path / "card.toml").member.endswith("end2end.onnx")


def test_get_prints_the_model_path_the_file(run):
    code, out, err = run("get", "mvtri-demo")
    assert code == 0
    path = out.strip()
    with open(path, "rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() in err


def test_all_models_of_a_family_are_fetched_and_what_is_missing_is_named(run, monkeypatch, home):
    from mvtri.models import library
    from mvtri.models.download import FetchError

    def fetched(url, target, *args, **options):
        if "spinepose-x" in url:
            raise FetchError("timed out")
        target.parent.mkdir(parents=True)
        target.write_bytes(url.encode())
        return hashlib.sha256(url.encode()).hexdigest()

    monkeypatch.setattr(library, "fetch", fetched)
    code, out, err = run("get", "--all-of", "spinepose")
    names = [path.split("/")[-2] for path in out.split()]
    assert code == 1
    assert len(names) == 10  # seven of SpinePose but one, and four of RF-DETR
    assert "spinepose-l-simspine" in names
    assert "rfdetr-m" in names
    assert "mvtri: spinepose-x could not be downloaded" in err
    assert err.splitlines()[-1] == (
        "mvtri: 1 of 11 models are missing (spinepose-x); the lines above say why"
    )
    monkeypatch.setattr(library, "fetch", lambda *_, **__: pytest.fail("all but one are here"))
    assert run("get", "rfdetr-m")[0] == 0


@pytest.mark.parametrize("args", [[], ["rtmo-s", "--all-of", "rtmo"]])
def test_get_takes_a_name_or_a_family(run, args):
    code, _, err = run("get", *args)
    assert code == 1
    assert "name one model, or a family with --all-of FAMILY" in err


def test_get_without_an_address_says_what_to_do(run, home):
    code, out, err = run("get", "hrnet-w32")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert f"copy your own file to {home / 'models' / 'hrnet-w32'}" in err
    assert not home.exists()


@pytest.mark.parametrize("verb", ["show", "get"])
def test_an_unknown_name_is_a_sentence(run, verb):
    code, out, err = run(verb, "spinepose")
    assert (code, out) == (1, "")
    assert err.startswith("mvtri: no model is called 'spinepose'; did you mean 'spinepose-")


def test_models_of_ones_own_are_added_listed_and_replaced(run, tmp_path, home):
    pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")
    from nets_detection import blob_net, card

    from mvtri.detection import load_detector
    from mvtri.models.card_files import card_text

    path = blob_net(tmp_path / "net.onnx")
    (tmp_path / "mine.toml").write_text(card_text(card(name="mine")), encoding="utf-8")
    code, out, _ = run("add", path, "--card", tmp_path / "mine.toml")
    assert code == 0
    assert "added mine" in out
    assert next(line for line in run("list")[1].splitlines() if line.startswith("mine ")).endswith(
        "on this computer"
    )
    assert load_detector("mine", device="cpu").name == "mine"
    assert load_detector(path, device="cpu").name == "mine"  # known by its SHA-256 from now on
    code, _, err = run("add", path, "--card", tmp_path / "mine.toml")
    assert code == 1
    assert "pass --overwrite to replace it" in err
    assert run("add", path, "--card", tmp_path / "mine.toml", "--overwrite")[0] == 0
    assert run("add", path, "--overwrite")[0] == 0  # a known file needs no card


def test_weights_beside_a_model_are_added_with_it(run, tmp_path, home):
    onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")
    from nets_detection import blob_net, card

    from mvtri.detection import load_detector
    from mvtri.models.card_files import card_text

    path = blob_net(tmp_path / "net.onnx")
    model = onnx.load(str(path))
    onnx.save(model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "mine.toml").write_text(card_text(card(name="mine")), encoding="utf-8")
    assert run("add", path, "--card", tmp_path / "mine.toml")[0] == 0
    assert (home / "models" / "mine" / "weights.bin").is_file()
    assert load_detector("mine", device="cpu").name == "mine"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"name": "rtmpose-m"}, "is the name of a built-in model"),
        ({"skeleton": "halpe26"}, "does not fit the card"),
        ({"sha256": "0" * 64}, "use the card of this file"),
    ],
)
def test_what_cannot_be_added_is_a_sentence_and_leaves_nothing(run, tmp_path, home, changes, found):
    pytest.importorskip("onnx", reason="needs the package onnx: pip install mvtri[test]")
    from nets_detection import blob_net, card

    from mvtri.models.card_files import card_text

    path = blob_net(tmp_path / "net.onnx")
    text = card_text(card(**({"name": "mine"} | changes)))
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    code, out, err = run("add", path, "--card", tmp_path / "mine.toml")
    assert (code, out) == (1, "")
    assert found in err
    assert "Traceback" not in err
    assert not home.exists()


def test_the_file_of_a_built_in_model_is_copied_to_its_place(run, tmp_path, home, monkeypatch):
    from mvtri.models import library
    from mvtri.models.card_files import built_in_cards

    path = Path(run("get", "mvtri-demo")[1].strip())
    code, out, _ = run("add", path)
    assert (code, out) == (0, f"added mvtri-demo: {path}\n")
    # the same of one whose file is not in the package
    monkeypatch.setattr(library, "model_path", lambda card: home / "models" / card.name / card.file)
    library.add_model(path, built_in_cards()["mvtri-demo"])
    copied = library.model_path(built_in_cards()["mvtri-demo"])
    assert copied.read_bytes() == path.read_bytes()
    assert not (home / "cards").exists()


def test_an_unknown_file_wants_a_card(run, tmp_path):
    (tmp_path / "net.onnx").write_text("anything")
    code, _, err = run("add", tmp_path / "net.onnx")
    assert code == 1
    assert "is no model that mvtri knows" in err
    assert "--card" in err
    assert "there is no model file" in run("add", tmp_path / "none.onnx")[2]


def test_a_file_that_is_no_model_is_a_sentence(run, tmp_path):
    from mvtri.models.card_files import built_in_cards, card_text

    (tmp_path / "net.onnx").write_text("not a model")
    text = card_text(built_in_cards()["rtmpose-m"]).replace('"rtmpose-m"', '"mine"')
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    code, _, err = run("add", tmp_path / "net.onnx", "--card", tmp_path / "mine.toml")
    assert code == 1
    assert "is not an ONNX model" in err
    assert run("add", tmp_path / "none.onnx", "--card", tmp_path / "mine.toml")[0] == 1
    assert run("add", tmp_path / "net.onnx", "--card", tmp_path / "none.toml")[0] == 1


def test_the_licence_is_logged_before_anything_is_downloaded(monkeypatch, caplog, tmp_path):
    import logging

    from mvtri.models import library
    from mvtri.models.card_files import built_in_cards

    card = built_in_cards()["spinepose-l"]
    monkeypatch.setattr(library, "fetch", lambda *_, **__: caplog.text)
    with caplog.at_level(logging.INFO, logger="mvtri"):
        logged = library._fetched(card, tmp_path / "file.onnx", None)
    assert card.licence in logged
    assert "CC-BY-NC" in logged
