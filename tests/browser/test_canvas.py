"""The stack editor, by mouse and by keyboard."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server

LAB = ["Conv2d", "MaxPool2d", "ReLU", "Dropout2d", "Flatten", "Linear", "Dropout", "Linear", "LogSoftmax"]


def row(app: Page, name: str) -> Locator:
    return app.get_by_role("row", name=re.compile(name))


def expect_kinds(app: Page, kinds: list[str]) -> None:
    expect(app.locator(".stack .layer .kind")).to_have_text(kinds, use_inner_text=True)


def wait_until_idle(app: Page) -> None:
    app.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()


def drag(app: Page, source: Locator, gap: Locator, *, drop: bool = True) -> None:
    """Drag a row to a gap, as a hand does: again where the list was drawn anew under the mouse."""
    wait_until_idle(app)
    for _ in range(3):
        source.locator(".kind").hover(position={"x": 10, "y": 5})  # waits until it stands still
        app.mouse.down()
        start = source.locator(".kind").bounding_box()
        assert start
        app.mouse.move(start["x"] + 14, start["y"] + 12, steps=3)
        end = gap.bounding_box()
        assert end
        app.mouse.move(end["x"] + 60, end["y"] + end["height"] / 2, steps=8)
        try:
            expect(gap).to_have_class(re.compile("target"), timeout=10_000)
        except AssertionError:
            app.keyboard.press("Escape")
            app.mouse.up()
        else:
            break
    expect(gap).to_have_class(re.compile("target"))
    if drop:
        app.mouse.up()


def test_a_layer_is_dragged_with_the_mouse_and_the_shapes_follow(app: Page) -> None:
    drag(app, row(app, "Layer 3, ReLU"), app.locator(".gap[data-gap='1']"))
    expect(row(app, "Layer 2, ReLU, shape 10 × 90 × 17")).to_be_visible()
    expect_kinds(app, ["Conv2d", "ReLU", "MaxPool2d", *LAB[3:]])
    app.get_by_role("button", name="Undo (Ctrl+Z)").click()
    expect_kinds(app, LAB)


def test_escape_ends_a_drag_without_an_edit(app: Page) -> None:
    row(app, "Layer 2, MaxPool2d").click()
    row(app, "Layer 4, Dropout2d").click(modifiers=["Shift"])
    drag(app, row(app, "Layer 3, ReLU"), app.locator(".gap[data-gap='1']"), drop=False)
    app.keyboard.press("Escape")
    app.mouse.up()
    expect(app.locator(".layer[aria-selected='true']")).to_have_count(3)
    expect(app.locator(".gap.target")).to_have_count(0)
    expect_kinds(app, LAB)


def test_everything_can_be_done_by_keyboard(app: Page) -> None:
    first = row(app, "Layer 1, Conv2d")
    first.focus()
    first.press("ArrowDown")
    expect(row(app, "Layer 2, MaxPool2d")).to_be_focused()
    row(app, "Layer 2, MaxPool2d").press("Alt+ArrowDown")
    moved = row(app, "Layer 3, MaxPool2d")
    expect(moved).to_be_focused()
    expect_kinds(app, ["Conv2d", "ReLU", "MaxPool2d", *LAB[3:]])
    wait_until_idle(app)
    moved.press("Alt+ArrowUp")
    expect_kinds(app, LAB)
    wait_until_idle(app)
    app.keyboard.press("Control+d")
    expect_kinds(app, [*LAB[:2], *LAB[1:]])
    wait_until_idle(app)
    app.keyboard.press("Delete")
    expect_kinds(app, LAB)
    wait_until_idle(app)
    app.keyboard.press("Control+z")
    expect_kinds(app, [*LAB[:2], *LAB[1:]])
    wait_until_idle(app)
    app.keyboard.press("Control+y")
    expect_kinds(app, LAB)
    wait_until_idle(app)
    app.keyboard.press("+")
    app.keyboard.type("batchnorm2")
    app.keyboard.press("Enter")
    expect(app.locator(".layer .kind").filter(has_text="BatchNorm2d")).to_be_visible()


def test_quick_edits_are_all_kept(app: Page) -> None:
    row(app, "Layer 9, LogSoftmax").focus()
    for _ in range(5):
        app.keyboard.press("Alt+ArrowUp")
    expect_kinds(app, [*LAB[:3], "LogSoftmax", *LAB[3:8]])
    wait_until_idle(app)
    expect_kinds(app, [*LAB[:3], "LogSoftmax", *LAB[3:8]])
    expect(row(app, "Layer 4, LogSoftmax, shape 10 × 22 × 4")).to_be_focused()


def test_several_layers_are_selected_and_move_as_one(app: Page) -> None:
    row(app, "Layer 2, MaxPool2d").click()
    row(app, "Layer 3, ReLU").click(modifiers=["Shift"])
    expect(app.get_by_text("2 layers are selected")).to_be_visible()
    app.get_by_role("button", name=re.compile("Duplicate the selected")).click()
    expect_kinds(app, [*LAB[:3], "MaxPool2d", "ReLU", *LAB[3:]])
    expect(app.locator(".layer[aria-selected='true'] .kind")).to_have_text(["MaxPool2d", "ReLU"])
    wait_until_idle(app)
    app.get_by_role("button", name=re.compile("Delete the selected")).click()
    expect_kinds(app, LAB)


def test_plus_between_two_layers_adds_there_and_the_panel_edits_it(app: Page) -> None:
    app.locator(".gap[data-gap='1'] .plus").click()
    app.get_by_role("textbox", name="Search for a layer").fill("conv2d")
    app.keyboard.press("Enter")
    added = row(app, "Layer 2, Conv2d, shape 16 × 88 × 15")
    expect(added).to_be_visible()
    app.get_by_role("textbox", name="kernel_size").fill("5")
    app.get_by_role("textbox", name="kernel_size").press("Enter")
    expect(row(app, "Layer 2, Conv2d, shape 16 × 86 × 13")).to_be_visible()
    app.get_by_text("Set each axis separately").click()
    height = app.get_by_role("spinbutton", name="kernel_size · height")
    height.fill("3")
    height.press("Enter")
    expect(row(app, "Layer 2, Conv2d, shape 16 × 88 × 13")).to_be_visible()


def test_a_block_holds_layers_folds_and_takes_layers_in(app: Page) -> None:
    app.set_viewport_size({"width": 1440, "height": 1800})
    app.locator(".gap[data-gap='2'] .plus").click()
    app.get_by_role("textbox", name="Search for a layer").fill("residual")
    app.keyboard.press("Enter")
    expect(row(app, r"Layer 3, Residual, shape 10 × 22 × 4")).to_be_visible()
    expect(row(app, r"Layer 3\.a4, Conv2d, shape 10 × 22 × 4")).to_be_visible()
    app.get_by_role("button", name="Fold", exact=True).click()
    expect(app.locator(".layer")).to_have_count(10)
    app.get_by_role("button", name="Unfold", exact=True).click()
    expect(app.locator(".layer")).to_have_count(15)
    drag(app, row(app, "Layer 4, ReLU"), app.locator(".gap[data-gap='2.0.5']"))
    expect(row(app, r"Layer 3\.a6, ReLU, shape 10 × 22 × 4")).to_be_visible()
    wait_until_idle(app)
    row(app, r"Layer 3\.a6, ReLU").press("Alt+ArrowLeft")
    expect(row(app, "Layer 4, ReLU, shape 10 × 22 × 4")).to_be_visible()


def test_it_works_at_900_pixels(app: Page) -> None:
    app.set_viewport_size({"width": 900, "height": 900})
    overflow = "document.querySelector('.stMain, [data-testid=stMain]').scrollWidth - innerWidth"
    assert app.evaluate(overflow) <= 0
    row(app, "Layer 2, MaxPool2d").click()
    wait_until_idle(app)
    field = app.get_by_role("textbox", name="kernel_size")
    expect(field).to_have_value("4")
    field.fill("2")
    field.press("Enter")
    expect(row(app, "Layer 2, MaxPool2d, shape 10 × 45 × 8")).to_be_visible()


def test_a_net_of_22_layers_is_seen_at_once_in_the_compact_view(app: Page) -> None:
    app.set_viewport_size({"width": 1440, "height": 900})
    app.get_by_role("combobox", name="Load a preset").click()
    app.get_by_role("option", name="AlexNet").click()
    expect(row(app, "Layer 1, Conv2d")).to_be_in_viewport()
    expect(row(app, "Layer 22, Linear")).not_to_be_in_viewport()
    compact = app.get_by_role("button", name="Compact view")
    compact.click()
    expect(compact).to_have_attribute("aria-pressed", "true")
    expect(row(app, "Layer 1, Conv2d")).to_be_in_viewport(ratio=1)
    expect(row(app, "Layer 22, Linear")).to_be_in_viewport(ratio=1)
    app.set_viewport_size({"width": 720, "height": 500})  # as a window of 1440 × 1000 has at 200 %
    expect(row(app, "Layer 2, ReLU")).to_be_in_viewport(ratio=1)
    app.reload()
    expect(compact).to_have_attribute("aria-pressed", "true")


def test_advice_is_applied_in_one_click_and_leads_to_the_page_that_explains_it(app: Page) -> None:
    card = app.locator(".card").filter(has_text="No activation between two layers")
    expect(row(app, "Layer 2, MaxPool2d").get_by_role("button", name=re.compile("Advice: An edge"))).to_be_visible()
    expect(row(app, "Layer 8, Linear").get_by_role("button", name=re.compile("Advice"))).to_have_count(0)  # a step
    expect(app.get_by_role("heading", name="Next steps to try")).to_be_visible()
    app.get_by_role("button", name=re.compile("Set ceil_mode to True")).click()  # the cards behind it move up
    expect(row(app, "Layer 2, MaxPool2d, shape 10 × 23 × 5")).to_be_visible()
    card.get_by_role("button", name="Layer 8").click()
    expect(row(app, "Layer 8, Linear")).to_have_attribute("aria-selected", "true")
    card.get_by_role("button", name=re.compile("Put a ReLU")).click()
    expect(card).to_have_count(0)
    expect(app.locator(".stack .layer .kind").filter(has_text="ReLU")).to_have_count(2)
    app.locator(".card").last.get_by_role("link").click()
    expect(app.get_by_role("heading", name="Shapes: the calculator")).to_be_visible()
    app.get_by_role("link", name="Design").first.click()
    expect(app.locator(".stack .layer .kind").filter(has_text="ReLU")).to_have_count(2)


def test_a_link_opens_the_design_for_somebody_else(app: Page, server: Server) -> None:
    app.get_by_role("textbox", name="kernel_size").fill("7")
    app.get_by_role("textbox", name="kernel_size").press("Enter")
    expect(row(app, "Layer 1, Conv2d, shape 10 × 93 × 20")).to_be_visible()
    app.get_by_role("radio", name="File and link").or_(app.get_by_role("button", name="File and link")).first.click()
    link = app.get_by_test_id("stCode").get_by_text(re.compile(r"\?design=")).inner_text()
    assert app.context.browser
    friend = app.context.browser.new_context().new_page()
    friend.goto(link)
    expect(row(friend, "Layer 1, Conv2d, shape 10 × 93 × 20")).to_be_visible()
    expect(friend.get_by_role("button", name="Undo (Ctrl+Z)")).to_be_enabled()
    friend.goto(link[:-4])
    expect(friend.get_by_text(re.compile("link", re.IGNORECASE)).first).to_be_visible()
    expect(friend.get_by_role("alert")).to_be_visible()
    expect(row(friend, "Layer 1, Conv2d, shape 10 × 93 × 20")).to_be_visible()
    friend.context.close()


def test_actions_without_a_pause_are_all_applied(app: Page) -> None:
    """Of two messages at the same moment Streamlit keeps one: undos went missing, and a deletion came back.

    And fields of a layer that was selected before call back once more: their numbers went to the layer selected now.
    """
    row(app, "Layer 9, LogSoftmax").click()
    wait_until_idle(app)
    for left in (8, 7, 6):
        app.keyboard.press("Delete")
        expect(app.locator(".layer")).to_have_count(left)
        wait_until_idle(app)
    for _ in range(3):
        app.keyboard.press("Control+z")
    expect_kinds(app, LAB)
    wait_until_idle(app)
    expect(app.locator(".totals")).to_contain_text("92,645 trainable parameters")


def test_after_a_refused_edit_keys_act_on_what_is_drawn(app: Page) -> None:
    row(app, "Layer 1, Conv2d").click()
    for layers in (18, 36, 72, 144, 288, 288):  # 576 would be more than 500
        app.keyboard.press("Control+a")
        expect(app.locator(".layer[aria-selected='true']")).to_have_count(app.locator(".layer").count())
        app.keyboard.press("Control+d")
        expect(app.locator(".layer")).to_have_count(layers)
    refusal = app.locator(".stack .refused[role=alert]")
    expect(refusal).to_have_text(re.compile("^A net can have at most 500 layers"))
    expect(refusal).to_be_in_viewport()  # far down in the net as well
    expect(app.locator(".layer")).to_have_count(288)
    row(app, "Layer 1, Conv2d").click()
    expect(refusal).to_be_empty()
    expect(row(app, "Layer 1, Conv2d")).to_have_attribute("aria-selected", "true")
    app.keyboard.press("Delete")
    expect(row(app, "Layer 1, MaxPool2d")).to_be_visible()
    expect(app.locator(".layer")).to_have_count(287)


def test_the_mark_of_a_layer_leads_to_what_a_teacher_says_of_it(app: Page) -> None:
    app.set_viewport_size({"width": 900, "height": 500})
    app.get_by_role("button", name="Advice: An edge that is never read").press("Enter")
    card = app.get_by_role("article").filter(has_text="Layer 2, MaxPool2d")
    expect(card).to_be_focused()
    expect(card).to_be_in_viewport()
    app.get_by_role("button", name="4 remarks from a teacher").press("Enter")
    expect(app.get_by_role("article").first).to_be_focused()


def test_the_panel_over_a_narrow_window_can_be_closed(app: Page) -> None:
    close = app.get_by_role("button", name="Close")
    expect(close).to_be_hidden()  # beside the canvas it covers nothing
    app.set_viewport_size({"width": 900, "height": 600})
    close.click()
    expect(app.get_by_text("Select a layer to edit it.")).to_be_visible()
    row(app, "Layer 2, MaxPool2d").click()
    expect(close).to_be_visible()
    app.keyboard.press("Escape")
    expect(app.get_by_text("Select a layer to edit it.")).to_be_visible()
    expect(row(app, "Layer 2, MaxPool2d")).to_be_focused()


def test_a_second_tab_cannot_overwrite_what_the_first_has_done(app: Page) -> None:
    second = app.context.new_page()
    second.goto(app.url)
    expect(row(second, "Layer 9, LogSoftmax")).to_be_visible()
    wait_until_idle(second)
    app.get_by_role("textbox", name="kernel_size").fill("5")
    app.keyboard.press("Enter")
    expect(row(app, "Layer 1, Conv2d, shape 10 × 95 × 22")).to_be_visible()
    row(second, "Layer 3, ReLU").press("Delete")
    expect(second.locator(".refused")).to_contain_text("You have changed this net in another tab")
    expect(row(second, "Layer 1, Conv2d, shape 10 × 95 × 22")).to_be_visible()
    expect_kinds(second, LAB)
    row(second, "Layer 3, ReLU").press("Delete")
    expect_kinds(second, [*LAB[:2], *LAB[3:]])
    app.get_by_role("textbox", name="kernel_size").fill("7")
    app.keyboard.press("Enter")
    expect(app.locator(".refused")).to_contain_text("You have changed this net in another tab")
    expect_kinds(app, [*LAB[:2], *LAB[3:]])
    app.get_by_role("link", name="Train").click()
    expect(app.get_by_text(re.compile("8 layers"))).to_be_visible()
    row(second, "Layer 1, Conv2d").click()
    row(second, "Layer 1, Conv2d").press("Delete")
    expect_kinds(second, [LAB[1], *LAB[3:]])
    second.get_by_role("textbox", name="Input shape").fill("1, 50, 50")
    second.keyboard.press("Enter")
    app.get_by_role("link", name="Design").click()
    expect_kinds(app, [LAB[1], *LAB[3:]])
    row(second, "Layer 1, MaxPool2d").press("Delete")
    expect_kinds(second, LAB[3:])
    choose = app.get_by_role("combobox", name="Load a preset")
    choose.click()
    app.get_by_role("option", name="LeNet-5").click()
    expect(app.get_by_text("You have changed this net in another tab").first).to_be_visible()
    expect_kinds(app, LAB[3:])
    choose.click()
    app.get_by_role("option", name="LeNet-5").click()
    expect(app.get_by_text("Open: LeNet-5")).to_be_visible()


def test_an_open_list_of_layers_outlives_the_answer_to_an_edit(app: Page) -> None:
    app.get_by_role("textbox", name="kernel_size").fill("7")
    app.locator(".gap[data-gap='3'] .plus").click()  # leaves the field, whose number is sent at that moment
    search = app.get_by_role("textbox", name="Search for a layer")
    search.fill("tanh")
    expect(row(app, "Layer 1, Conv2d, shape 10 × 93 × 20")).to_be_visible()
    wait_until_idle(app)
    expect(search).to_have_value("tanh")
    app.keyboard.press("Enter")
    expect_kinds(app, [*LAB[:3], "Tanh", *LAB[3:]])


def test_a_family_that_is_typed_gives_the_layer_that_fits(app: Page) -> None:
    app.locator(".gap[data-gap='1'] .plus").click()
    app.get_by_role("textbox", name="Search for a layer").fill("batch")
    app.keyboard.press("Enter")
    expect_kinds(app, ["Conv2d", "BatchNorm2d", *LAB[1:]])


def test_the_keyboard_goes_on_at_the_layer_whose_advice_was_applied(app: Page) -> None:
    app.get_by_role("button", name=re.compile("Set ceil_mode to True")).press("Enter")
    expect(row(app, "Layer 2, MaxPool2d, shape 10 × 23 × 5")).to_be_focused()


def test_an_emptied_net_is_still_reached_by_keyboard(app: Page) -> None:
    row(app, "Layer 1, Conv2d").focus()
    app.keyboard.press("Control+a")
    expect(app.locator(".layer[aria-selected='true']")).to_have_count(9)
    app.keyboard.press("Delete")
    expect(app.locator(".layer")).to_have_count(0)
    expect(app.get_by_role("button", name=re.compile("Add a layer after"))).to_be_focused()
    wait_until_idle(app)
    app.keyboard.press("Control+z")
    expect_kinds(app, LAB)
