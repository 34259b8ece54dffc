from calotype.media.renditions import (
    BY_FILE_NAME,
    BY_NAME,
    RENDITIONS,
    VIDEO_RENDITIONS,
    rendition_key,
)


def test_names_and_files_are_told_apart() -> None:
    assert len(BY_NAME) == len(RENDITIONS)
    assert len(BY_FILE_NAME) == len(RENDITIONS) + len(VIDEO_RENDITIONS)
    assert BY_NAME["w640"].file_name == "w640.webp"
    assert BY_NAME["w1080.jpg"].content_type == "image/jpeg"
    assert BY_FILE_NAME["w150.webp"].content_type == "image/webp"


def test_keys_lie_where_the_design_says() -> None:
    file_name = BY_NAME["w640"].file_name
    assert rendition_key(42, "s3cr3t", file_name) == "processed/42/s3cr3t/w640.webp"
